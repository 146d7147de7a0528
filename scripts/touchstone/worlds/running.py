# SPDX-License-Identifier: MIT
"""Runs the suite on a system of each kind. Every function leaves results in a folder: CHAPTER/CLAIM.csv."""
from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from touchstone.files import ROOT
from touchstone.worlds.table import Missing, World

MIRROR = "http://deb.debian.org/debian"
BUILDS = ["gcc", "make", "libc6-dev", "gcc-multilib"]        # what the suite is built with in a root
MEASURES = ["procps", "util-linux", "mawk"]                # what its experiments run
PROJECT = ["Makefile", "build.mk", "lib", "scripts", "experiments"]
LONGEST_BOOT = 40 * 60                                      # seconds
MOUNTS = "mount -t proc proc {root}/proc && mount -t sysfs sys {root}/sys && mount --rbind /dev {root}/dev"


def need(*commands: str) -> None:
    """Raises Missing where a command is not here."""
    for command in commands:
        if not shutil.which(command):
            raise Missing(f"{command} is not installed")


def folder_of(name: str) -> Path:
    return Path(os.environ.get("BUILD") or ROOT / "build").resolve() / "worlds" / name


def let_all_write(build: Path, results: Path) -> None:
    """Lets an ordinary user measure with these programs into this folder."""
    (build / ".measuring").touch()
    (build / ".measuring").chmod(0o666)
    build.chmod(0o777)
    results.chmod(0o777)


def run_here(world: World, claims: Sequence[str], results: Path, log: Path) -> None:
    """Runs the suite with this machine's C library and kernel."""
    build = folder_of("build-" + (re.sub(r"\W+", "-", " ".join(world.build)) or "plain"))
    build.mkdir(parents=True, exist_ok=True)
    programs = [f"{build}/{claim}" for claim in claims]
    if world.under:
        need(*[word for word in world.under if "=" not in word][:1])
    for setting in world.build:
        if setting.startswith("CC="):
            need(setting.removeprefix("CC=").split()[0])
    with open(log, "w", encoding="utf-8") as said:
        subprocess.run(["make", "-s", "-k", f"-j{os.cpu_count()}", f"BUILD={build}", *world.build, *programs],
                       cwd=ROOT, stdout=said, stderr=said, check=False)
        let_all_write(build, results)
        subprocess.run([*world.under, "scripts/run", *claims], cwd=ROOT, stdout=said, stderr=said, check=False,
                       env={**os.environ, "BUILD": str(build), "RESULTS": str(results)})


def make_root(suite: str) -> Path:
    """Returns the folder of a Debian system; makes it where it is not there yet."""
    root = folder_of("roots") / suite
    if (root / "ready").exists():
        return root
    need("debootstrap")
    if os.geteuid():
        raise Missing("only root can make a Debian system in a folder")
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(root.with_suffix(".log"), "w", encoding="utf-8") as log:
        made = subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(BUILDS + MEASURES)}", suite,
                               str(root), MIRROR], stdout=log, stderr=log, check=False)
    if made.returncode:
        raise Missing(f"debootstrap cannot make {suite}: {root.with_suffix('.log')}")
    (root / "ready").touch()
    return root


def inside(root: Path, script: str, log: Path) -> None:
    """Runs a script of sh in a Debian system, whose mounts vanish with it."""
    mounts = MOUNTS.format(root=shlex.quote(str(root)))
    command = f"{mounts} && exec chroot {shlex.quote(str(root))} sh -c {shlex.quote(script)}"
    with open(log, "a", encoding="utf-8") as said:
        subprocess.run(["unshare", "--mount", "sh", "-c", command], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}, check=False)


def build_in(root: Path, world: World, claims: Sequence[str], log: Path) -> Path:
    """Builds the suite in a Debian system; returns its folder there."""
    there = root / "touchstone"
    shutil.rmtree(there, ignore_errors=True)
    there.mkdir()
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, there / name)
        else:
            shutil.copy(ROOT / name, there / name)
    log.write_text("", encoding="utf-8")
    programs = " ".join(f"build/{claim}" for claim in claims)
    inside(root, f"cd /touchstone && make -s -k -j{os.cpu_count()} {shlex.join(world.build)} {programs}; "
                 "mkdir -p results && chmod -R a+rwX build results", log)
    return there


def run_in_root(world: World, claims: Sequence[str], results: Path, log: Path) -> None:
    """Runs the suite in a Debian system, on this machine's kernel."""
    root = make_root(world.suite)
    there = build_in(root, world, claims, log)
    inside(root, f"cd /touchstone && {shlex.join(world.under)} scripts/run {' '.join(claims)}", log)
    shutil.copytree(there / "results/latest", results, dirs_exist_ok=True)


def kernel_of(root: Path, log: Path) -> Path:
    """Returns the kernel image of a Debian system; fetches its package where it is not there yet."""
    images = sorted((root / "kernel/boot").glob("vmlinuz-*"))
    if not images:
        inside(root, "set -e; apt-get -qq update; mkdir -p /kernel; cd /kernel; "
                     "name=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: *//p' | head -n 1); "
                     "apt-get -qq download \"$name\"; dpkg-deb --fsys-tarfile ./*.deb | tar -x ./boot; rm ./*.deb", log)
        images = sorted((root / "kernel/boot").glob("vmlinuz-*"))
    if not images:
        raise Missing(f"the kernel of {root.name} cannot be fetched: {log}")
    return images[-1]


# The first program of the emulated machine. What experiments say of themselves goes through the serial line: the lines
# that begin with #, in a frame for each claim.
INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd; mkdir -p /dev/shm; mount -t tmpfs shm /dev/shm; mount -t tmpfs tmp /tmp; chmod 1777 /tmp
cd /touchstone; chmod -R a+rwX build results; echo
for claim in {claims}; do
    {under} env KNOBS=time_limit=600 scripts/run "$claim" >/dev/null 2>&1
    echo "=== $claim"; grep '^#' "results/latest/$claim.csv"; echo "=== end"
done
echo o >/proc/sysrq-trigger; sleep 60
"""
# What an emulated machine does not need, of a root.
LEFT_OUT = ["./proc/*", "./sys/*", "./dev/*", "./kernel", "./var/lib/apt", "./var/cache", "./usr/share",
            "./usr/lib/gcc*", "./usr/include"]


def run_on_kernel(world: World, claims: Sequence[str], results: Path, log: Path) -> None:
    """Boots a Debian system with its kernel in qemu, without a disk, and runs the suite there."""
    need("qemu-system-x86_64", "cpio")
    root = make_root(world.suite)
    there = build_in(root, world, claims, log)
    image = kernel_of(root, log)
    (there / "results/latest").mkdir(parents=True, exist_ok=True)
    (root / "init").write_text(INIT.format(claims=" ".join(claims), under=shlex.join(world.under)), encoding="utf-8")
    (root / "init").chmod(0o755)
    files = log.with_suffix(".cpio")
    unwanted = " ".join(f"-path {shlex.quote(path)} -prune -o" for path in LEFT_OUT)
    subprocess.run(f"find . {unwanted} -print0 | cpio -0 -o -H newc --quiet > {shlex.quote(str(files))}", shell=True,
                   cwd=root, check=True)
    try:
        boot(image, files, world.system[1:], log)
    finally:
        files.unlink()
    keep_frames(log.read_text(encoding="utf-8", errors="replace"), results)


def boot(image: Path, files: Path, words: Sequence[str], log: Path) -> None:
    """Runs qemu until the machine switches itself off. noapic: without it the emulated timer is not found by every
    kernel under load."""
    append = " ".join(["console=ttyS0", "quiet", "panic=-1", "noapic", *words])
    with open(log, "a", encoding="utf-8") as said:
        try:
            subprocess.run(["qemu-system-x86_64", "-machine", "accel=tcg", "-cpu", "max", "-m", "3000", "-smp", "1",
                            "-nographic", "-net", "none", "-no-reboot", "-kernel", str(image), "-initrd", str(files),
                            "-append", append], stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False,
                           timeout=LONGEST_BOOT)
        except subprocess.TimeoutExpired:
            said.write("qemu was ended: it took too long\n")


def keep_frames(said: str, results: Path) -> None:
    """Writes what stands between "=== CHAPTER/CLAIM" and "=== end" on the serial line as results without rows."""
    frames = re.findall(r"^=== (\w+/\w+)\n(.*?)^=== end$", said.replace("\r", ""), re.M | re.S)
    for claim, lines in frames:
        path = results / f"{claim}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in lines.splitlines() if line.startswith("# ")), encoding="utf-8")


RUN = {"here": run_here, "root": run_in_root, "kernel": run_on_kernel}
