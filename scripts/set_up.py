"""Makes .venv from requirements.lock, with the project in it; does nothing where that is done.

    python3 scripts/set_up.py             what the targets of the Makefile do first
    python3 scripts/set_up.py --check     exit status 0 if .venv fits, 1 if it does not
    python3 scripts/set_up.py --uv ARGS   runs uv with pip's indexes handed on (`make lock`)

Runs before anything is installed, hence the standard library only; and annotations in quotes, which
Python 3.6 can read, so that an old Python says that it is too old and not `SyntaxError`.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)  # those that TensorFlow 2.21 has wheels for
STAMP = ".lstm-ops-stamp"

# No dependencies: the lock is complete, and pip before 23.3 finds no hash for "name[extra]".
COMPLETE_LOCK = ["--no-deps", "--require-hashes", "-r", "requirements.lock"]

# `python -m venv`, without its traceback on Ctrl-C.
MAKE_VENV = """
import signal, sys, venv
signal.signal(signal.SIGINT, signal.SIG_DFL)
venv.create(sys.argv[1], symlinks=True, with_pip=True)
"""

# pip's setting: what uv calls it (newest name first), and what uv separates several values by.
UV_NAMES = {
    "index-url": (("UV_DEFAULT_INDEX", "UV_INDEX_URL"), " "),
    "extra-index-url": (("UV_INDEX", "UV_EXTRA_INDEX_URL"), " "),
    "find-links": (("UV_FIND_LINKS",), ","),
    "trusted-host": (("UV_INSECURE_HOST",), " "),
    "no-index": (("UV_OFFLINE",), " "),
    "proxy": (("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"), " "),
    "cert": (("SSL_CERT_FILE",), " "),
}

# Variables that would send an installer elsewhere than into .venv, or overrule the lock.
MISLEADING = {
    *("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_HASHES"),
    *("UV_SYSTEM_PYTHON", "UV_NO_VERIFY_HASHES", "UV_CONSTRAINT", "UV_OVERRIDE"),
    "UV_EXCLUDE_NEWER",
}


class SetUpFailed(Exception):
    """What went wrong and what to do about it, as a person reads it."""


class InstallerFailed(SetUpFailed):
    """uv, pip or venv ended badly, after having said why."""


def main(arguments: "list[str]") -> int:
    """The exit status."""
    try:
        check_python(sys.version_info)
        if arguments == ["--check"]:
            return 1 if differences(ROOT) else 0
        if arguments[:1] == ["--uv"]:
            return run_uv(ROOT, arguments[1:])
        if arguments:
            raise SetUpFailed("usage: set_up.py [--check | --uv ARGUMENTS]")
        if differences(ROOT):
            set_up(ROOT)
    except SetUpFailed as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    return 0


def say(sentence: str) -> None:
    print(f"set-up: {sentence}", file=sys.stderr, flush=True)


def check_python(version: "tuple[int, ...]") -> None:
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        raise SetUpFailed(
            f"{sys.executable} is Python {version[0]}.{version[1]}; lstm-ops needs 3.11, 3.12 or "
            "3.13. Install one of them, and name it if it is not found: make PYTHON=python3.12"
        )


# --- Does .venv fit? ---


def differences(root: Path) -> "list[str]":
    """The facts in which .venv differs from what it should be; empty if it can be used."""
    venv = root / ".venv"
    try:
        stamp = (venv / STAMP).read_text(encoding="utf-8")
    except OSError:
        return ["unfinished"]
    if not (venv / "bin" / "python").exists():  # a link to a Python that is gone
        return ["python"]
    made_from = dict(line.partition(" ")[::2] for line in stamp.splitlines())
    return [fact for fact, value in facts(root).items() if made_from.get(fact) != value]


def facts(root: Path) -> "dict[str, str]":
    """What .venv is made from and for. Its folder counts: scripts in .venv/bin name it."""
    machine = os.uname()
    return {
        "requirements.lock": digest((root / "requirements.lock").read_bytes()),
        "pyproject.toml": digest(build_settings(root).encode()),
        "python": f"{sys.implementation.cache_tag} {machine.sysname} {machine.machine}",
        "folder": str(root / ".venv"),
    }


def build_settings(root: Path) -> str:
    """The parts of pyproject.toml that the installed project is made from: not ruff's or mypy's."""
    import tomllib  # here, since an old Python does not have it

    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return repr((settings["build-system"], settings["project"], settings["tool"]["setuptools"]))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_stamp(root: Path) -> None:
    lines = [f"{fact} {value}\n" for fact, value in facts(root).items()]
    (root / ".venv" / STAMP).write_text("".join(lines), encoding="utf-8")


# --- Making it ---


def set_up(root: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` sets it
            signal.signal(number, signal.default_int_handler)  # clean up, as after Ctrl-C
    with one_at_a_time(root) as lock:
        changed = differences(root)
        if changed:  # else another set-up has made it while this one waited
            start = time.monotonic()
            with all_or_nothing(root / ".venv"):
                Environment(root, lock).make(changed)
                write_stamp(root)
            say(f".venv is ready ({time.monotonic() - start:.0f} s)")


@contextlib.contextmanager
def one_at_a_time(root: Path) -> "Iterator[int]":
    """Waits while another set-up works in this folder. Yields the descriptor that is the lock."""
    path = root / ".state" / "set-up.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work in this folder; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


@contextlib.contextmanager
def all_or_nothing(venv: Path) -> "Iterator[None]":
    """Leaves no half-made .venv behind; after a kill -9, one without a stamp."""
    (venv / STAMP).unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C shall not stop the cleaning
        remove(venv)
        raise


def remove(venv: Path) -> None:
    if venv.is_symlink():
        venv.unlink()
    for _ in range(20):  # what a stopped installer has started may write one more file
        shutil.rmtree(venv, ignore_errors=True)
        if not venv.exists():
            return
        time.sleep(0.25)
    raise SetUpFailed(f"{venv} cannot be removed. Remove it by hand and try again")


class Environment:
    """The .venv of one root, and how uv or pip fills it."""

    def __init__(self, root: Path, lock: int) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = str(self.venv / "bin" / "python")
        self.lock = lock
        self.variables = uv_variables(pip_settings(os.environ), undisturbed(os.environ))
        self.quiet = [] if sys.stderr.isatty() else ["--quiet"]

    def make(self, changed: "list[str]") -> None:
        """All of it, unless no more than the project's own description has changed."""
        if changed != ["pyproject.toml"]:
            remove(self.venv)
            say("making .venv: some minutes and a download of about 1 GB the first time")
            self.install_lock()
        say("installing the project itself")
        self.install_project()

    def install_lock(self) -> None:
        """By uv if possible: half of pip's time. Pip knows some indexes that uv does not."""
        uv = shutil.which("uv")
        try:
            if uv:
                self.run("uv", [uv, "venv", "--quiet", "--python", base_python(), str(self.venv)])
            else:
                uv = self.make_venv_with_own_uv()
            self.install_lock_with_uv(uv)
        except InstallerFailed as failure:
            say(f"{failure}; now trying with pip alone")
            self.make_venv()
            self.install_lock_with_pip()

    def make_venv_with_own_uv(self) -> str:
        self.make_venv()
        requirement = self.venv / "uv.txt"
        requirement.write_text(locked("uv", self.root / "requirements.lock"), encoding="utf-8")
        self.pip("--require-hashes", "-r", str(requirement))
        return str(self.venv / "bin" / "uv")

    def make_venv(self) -> None:
        check_venv_module()
        remove(self.venv)
        self.run("venv", [base_python(), "-I", "-c", MAKE_VENV, str(self.venv)])

    def install_lock_with_uv(self, uv: str) -> None:
        options = ["--compile-bytecode", *COMPLETE_LOCK]
        self.run("uv", [uv, "pip", "install", *self.quiet, "--python", self.python, *options])

    def install_lock_with_pip(self) -> None:
        self.pip("--compile", *COMPLETE_LOCK)

    def install_project(self) -> None:
        """By pip and setuptools, which the lock contains. Needs no network."""
        options = ["--no-index", "--no-deps", "--no-build-isolation"]
        # -qq: else pip repeats a warning of setuptools that is true of every editable package.
        self.pip("-qq", *options, "--editable", str(self.root))

    def pip(self, *arguments: str) -> None:
        self.run("pip", [self.python, "-I", "-m", "pip", "install", *self.quiet, *arguments])

    def run(self, name: str, command: "list[str]") -> None:
        # The installer holds the lock, too: should it outlive this process, the next one waits.
        ended = subprocess.run(
            command, cwd=str(self.root), env=self.variables, pass_fds=[self.lock], check=False
        )
        if ended.returncode != 0:
            raise InstallerFailed(f"{name} failed with exit status {ended.returncode}, see above")


def locked(package: str, lock: Path) -> str:
    """The lock's entry for one package: its version and, on the lines after it, its hashes."""
    text = lock.read_text(encoding="utf-8")
    entry = re.search(rf"^{re.escape(package)}==(.*\\\n)*.*\n", text, re.MULTILINE)
    if entry is None:
        raise InstallerFailed(f"{lock.name} does not contain {package}")
    return entry.group()


def base_python() -> str:
    """This Python; not the link to it in .venv, which is about to be removed."""
    return getattr(sys, "_base_executable", None) or sys.executable


def check_venv_module() -> None:
    """Debian and Ubuntu ship Python without it."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetUpFailed(
            f"{base_python()} cannot make virtual environments, since its module ensurepip is "
            "missing. Install it (Debian, Ubuntu: apt install python3-venv), or install uv"
        )


# --- pip's settings, for uv: it reads neither pip's files nor PIP_… ---


def pip_settings(environment: "Mapping[str, str]") -> "dict[str, str]":
    """What pip goes by: its files, the most general first, then the variables PIP_…"""
    import configparser  # here: every make command looks whether .venv fits, which shall be quick

    parser = configparser.RawConfigParser()
    # A file that cannot be read is for pip to complain about.
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        parser.read(pip_files(environment), encoding="utf-8")
    sections = [name for name in ("global", "install") if name in parser]
    items = [item for name in sections for item in parser.items(name)]
    items += [(name[4:], value) for name, value in environment.items() if name.startswith("PIP_")]
    return {name.lower().replace("_", "-"): value for name, value in items if value}


def pip_files(environment: "Mapping[str, str]") -> "list[Path]":
    """Where pip looks for its settings (pip's documentation, "Configuration")."""
    chosen = environment.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return []
    home = Path(environment.get("HOME") or Path.home())
    mac = Path("Library", "Application Support", "pip")
    for_all = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    folders = [*(Path(folder, "pip") for folder in for_all), "/" / mac, Path("/etc")]
    if not (chosen and Path(chosen).exists()):
        own = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        folders += [home / ".pip", own / "pip", home / mac]
    files = [folder / "pip.conf" for folder in [*folders, Path(sys.prefix)]]
    return [*files, Path(chosen)] if chosen else files


def uv_variables(pip: "Mapping[str, str]", environment: "Mapping[str, str]") -> "dict[str, str]":
    """`environment` and, where it does not say so itself, the settings of pip under uv's names."""
    variables = dict(environment)
    for setting, (names, separator) in UV_NAMES.items():
        values = pip.get(setting, "").split()
        if values and not any(name in environment for name in names):
            variables[names[0]] = separator.join(values)
    # All indexes count, as with pip; when the lock is installed, its hashes decide what is taken.
    variables.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return variables


def undisturbed(environment: "Mapping[str, str]") -> "dict[str, str]":
    """`environment` without what would lead an installer astray."""
    variables = {name: value for name, value in environment.items() if name not in MISLEADING}
    # These may stand in pip's files as well; a variable wins over them.
    variables.update(PIP_USER="0", PIP_CONSTRAINT=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1")
    return variables


def run_uv(root: Path, arguments: "list[str]") -> int:
    """uv from PATH, else the one in .venv."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(root / ".venv" / "bin"))
    if not uv:
        raise SetUpFailed("this needs uv. Install it, or let `make set-up` put one into .venv")
    variables = uv_variables(pip_settings(os.environ), undisturbed(os.environ))
    return subprocess.run([uv, *arguments], cwd=str(root), env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
