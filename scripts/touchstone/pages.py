# SPDX-License-Identifier: MIT
"""Pages in HTML, from templates/."""
from pathlib import Path
from typing import Any

import jinja2

VERDICTS = {  # verdict -> symbol, meaning
    "reproduced": ("✓", "every expectation held, and every control showed the contrary"),
    "refuted": ("✗", "the claim's own expectation failed while the controls worked: a finding"),
    "inconclusive": ("?", "a control failed, so this run proves nothing"),
    "unsupported": ("–", "cannot be asked on this machine"),
    "broken": ("!", "the experiment could not be carried out"),
}
_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True,
                                trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)


def render(template: str, **values: Any) -> str:
    """Returns the page; whatever is text in the values is escaped."""
    return _TEMPLATES.get_template(template).render(verdicts=VERDICTS, **values)
