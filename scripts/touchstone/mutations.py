# SPDX-License-Identifier: MIT
"""Brings the patches in tests/mutations up to date after experiments were edited."""
import fnmatch
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

from touchstone import cli

FINDING = re.compile(r"# (?:expect|control|true_instead): \w+ \| (.*)")


def older_versions(source: Path) -> Iterator[str]:
    """The commits that changed a source, the newest first."""
    log = subprocess.run(["git", "log", "--format=%H", "--", source], capture_output=True, text=True, check=True)
    yield from log.stdout.split()


def in_git(commit: str, source: Path) -> bytes:
    """The text of a source as of a commit; empty where it had none."""
    return subprocess.run(["git", "show", f"{commit}:{source}"], capture_output=True).stdout


def sentences_of(program: Path, under: List[str]) -> List[str]:
    """The sentences of a program's findings, in order. Under: a command that runs it, such as with-swap."""
    result = subprocess.run([*under, program.absolute(), "trials=1"], capture_output=True, text=True).stdout
    # `OUTCOME | NUMBERS | UNIT | ARMS | LINE | SENTENCE`, before format 2 `OUTCOME | SENTENCE | NUMBERS`.
    if result.startswith("# format: 2\n"):
        return [found.split(" | ", 4)[4] for found in FINDING.findall(result)]
    return [found.rsplit(" | ", 1)[0] for found in FINDING.findall(result)]


def change_told(text: str, claim: str, change: Callable[[str], str]) -> str:
    """The text of a patch, or of a .bats file, with each sentence changed that it says to fail: those in the
    head of the patch, or those in quotes behind finding_fails and failed_findings_are in a test of the claim."""
    head, diff, rest = text.partition("\n--- a/")
    if diff:
        return re.sub(r"(?m)^(fails|may fail): (.*)$", lambda line: f"{line[1]}: {change(line[2])}", head) + diff + rest
    quoted = re.compile('"([^"]*)"')
    tests = re.split(r"(?m)^(?=@test )", text)
    for n, test in enumerate(tests):
        if test.startswith(f'@test "{claim}: '):
            tests[n] = re.sub(
                r"(?m)^\t(finding_fails|failed_findings_are) (.*\\\n)*.*$",
                lambda words: quoted.sub(lambda sentence: f'"{change(sentence[1])}"', str(words[0])), test)
    return "".join(tests)


def told_in(text: str, claim: str) -> List[str]:
    """The sentences of a claim that a patch, or a .bats file, says to fail."""
    told: List[str] = []

    def note(sentence: str) -> str:
        told.append(sentence)
        return sentence

    change_told(text, claim, note)
    return told


def new_sentence(told: str, before: List[str], now: List[str]) -> Optional[str]:
    """What a sentence, in which * stands for any text, is called now. The nth finding is still the nth."""
    found = {new for old, new in zip(before, now) if fnmatch.fnmatchcase(old, told)}
    if len(before) != len(now) or not found:
        return None
    if all(fnmatch.fnmatchcase(new, told) for new in found):
        return told
    if len(found) == 1:
        return found.pop()
    # The sentences of several arms: what they have in common.
    start = os.path.commonprefix(sorted(found))
    end = os.path.commonprefix([new[::-1] for new in sorted(found)])[::-1]
    return f"{start}*{end}"


class Refresh:
    """One run: the folder for what is built on the way, and whether something is left to do by hand."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.build = Path(os.environ.get("BUILD") or "build")
        self.includes = [f"-I{folder}" for folder in [Path("lib"), *Path("lib").glob("*/")]]
        self.mended_all = True

    def to_be_mended(self, path: Path, why: str) -> None:
        """Says what has to be done by hand."""
        self.mended_all = False
        print(f"{path}: {why}", file=sys.stderr)

    def replace(self, path: Path, text: str) -> None:
        """Writes a file, and prints its name, where its text is another one."""
        if path.read_text() != text:
            path.write_text(text)
            print(path)

    def patched(self, patch: Path, source: Path, fuzz: int = 0) -> Optional[str]:
        """The text of a source with a patch applied; None where it does not fit. Fuzz: so many of the lines
        around a change may be others than in the patch."""
        output = self.work / "patched.c"
        command: List[str] = ["patch", f"--fuzz={fuzz}", "--force", "--silent", "--reject-file=-", f"--output={output}",
                              str(source), str(patch)]
        return output.read_text() if subprocess.run(command, capture_output=True).returncode == 0 else None

    def merged(self, patch: Path, source: Path) -> Optional[str]:
        """The text of a source with the change merged in that a patch makes in an older version of it; where the
        lines beside it were edited, only the lines that it changes have to be the same."""
        old, theirs = self.work / "old.c", self.work / "theirs.c"
        for commit in older_versions(source):
            old.write_bytes(in_git(commit, source))
            text = self.patched(patch, old)
            if text is not None:
                theirs.write_text(text)
                merge = subprocess.run(["git", "merge-file", "-p", "-q", source, old, theirs],
                                       capture_output=True, text=True)
                return merge.stdout if merge.returncode == 0 else self.patched(patch, source, fuzz=3)
        return self.patched(patch, source, fuzz=3)

    def refresh_diff(self, patch: Path, source: Path) -> None:
        """Makes the diff of a patch anew."""
        text = self.patched(patch, source)
        text = self.merged(patch, source) if text is None else text
        if text is None:
            self.to_be_mended(patch, f"changes lines of {source} that were edited too")
            return
        new = self.work / "new.c"
        new.write_text(text)
        compiled = subprocess.run(["cc", "-std=gnu11", "-fsyntax-only", "-Werror=implicit", *self.includes, new])
        if compiled.returncode != 0:
            self.to_be_mended(patch, "does not compile any more")
        diff = subprocess.run(["diff", "-up", "--label", f"a/{source}", "--label", f"b/{source}", source, new],
                              capture_output=True, text=True).stdout
        self.replace(patch, patch.read_text().split("\n--- a/")[0] + "\n" + diff)

    def sentences_of_version(self, commit: str, source: Path, under: List[str]) -> List[str]:
        """The sentences of an older version, built with the library as it is; where that does not do, with
        the library of its time. None where it builds with neither, as in the midst of a change."""
        old, program = self.work / "old.c", self.work / "old"
        old.write_bytes(in_git(commit, source))
        built = subprocess.run(["cc", "-std=gnu11", "-O2", "-fno-builtin", *self.includes, "-o", program, old,
                                self.build / "libtouchstone.a", "-pthread", "-ldl"], capture_output=True)
        if built.returncode == 0:
            return sentences_of(program, under)
        tree = self.work / commit
        if not tree.exists():
            tree.mkdir()
            archive = subprocess.run(["git", "archive", commit], capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
        program = Path("build", *source.parts[1:]).with_suffix("")
        built = subprocess.run(["make", "-s", "-C", tree, program], capture_output=True)
        return sentences_of(tree / program, under) if built.returncode == 0 else []

    def refresh_sentences(self, source: Path, files: List[Path]) -> None:
        """Puts the new sentences in the place of those that the program no longer has."""
        claim = source.stem
        under = "".join(re.findall(r"(?m)^under: (.*)$", files[0].read_text())).split() if files else []
        now = sentences_of(self.build / Path(*source.parts[1:]).with_suffix(""), under)
        told = {sentence: path for path in files for sentence in told_in(path.read_text(), claim)}
        stale = {sentence: path for sentence, path in told.items() if now and not fnmatch.filter(now, sentence)}
        for commit in older_versions(source) if stale else ():
            before = self.sentences_of_version(commit, source, under)
            new: Dict[str, str] = {}
            for sentence in stale:
                new[sentence] = new_sentence(sentence, before, now) or sentence
            for path in files:
                self.replace(path, change_told(path.read_text(), claim, lambda sentence: new.get(sentence, sentence)))
            stale = {sentence: path for sentence, path in stale.items() if new[sentence] == sentence}
        for sentence, path in stale.items():
            self.to_be_mended(path, f"no older version of {source} has the finding, or has as many: {sentence}")

    def refresh(self, claim: str) -> None:
        """Brings the patches of CHAPTER/CLAIM up to date, and what the tests say of its findings."""
        source = Path("experiments", claim + ".c")
        patches = sorted(Path("tests/mutations", claim).glob("*.patch"))
        if not source.exists():
            self.to_be_mended(Path("tests/mutations", claim), "there is no such experiment any more")
            return
        for patch in patches:
            self.refresh_diff(patch, source)
        self.refresh_sentences(source, patches + sorted(Path("tests").glob("*.bats")))


def main() -> int:
    """Refreshes the patches of the claims that are named, or of all."""
    for option in cli.options_of(sys.argv[1:]):
        cli.stop(f"there is no option {option}")
    os.chdir(Path(cli.SCRIPTS).parent)
    claims = []
    for name in sys.argv[1:]:
        found = subprocess.run(["scripts/claims", name], stdout=subprocess.PIPE, text=True)
        if found.returncode != 0:
            return found.returncode
        claims.append(found.stdout.strip())
    with tempfile.TemporaryDirectory(prefix="refresh-mutations.") as work:
        run = Refresh(Path(work))
        for claim in claims or sorted(str(Path(*folder.parts[2:])) for folder in Path("tests/mutations").glob("*/*/")):
            run.refresh(claim)
    return 0 if run.mended_all else 1
