# SPDX-License-Identifier: MIT
"""What scripts/chart runs once it knows that gnuplot and Python are here."""
import os
import sys

from touchstone import cli

sys.argv[0] = os.path.join(cli.SCRIPTS, "chart")
with cli.door(__doc__):
    from touchstone.charts.main import main
    sys.exit(main())
