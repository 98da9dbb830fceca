//! A Python with the real Juice in it, made once in the target folder and kept.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};

/// The version that the tests are for. Raising it is a decision: the protocol tests then say what changed.
pub const JUICE: &str = "26.43.0";

/// Makes the certificates for the edge gateway's TLS.
const TRUSTME: &str = "trustme==1.2.1";

/// Looks after a service's process, as in the container of a real lab.
const SUPERVISOR: &str = "supervisor==4.3.0";

/// Names under which a fitting Python may be found, the usual one first.
const PYTHONS: [&str; 6] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python3.14"];

/// Said when the tests cannot have a Juice.
pub const REMEDY: &str = "The tests need a real Juice: install Python 3.10 or newer with its venv module (Debian: apt-get install \
     python3 python3-venv) and let pip reach a package index, or set JUICETOP_TEST_NO_JUICE=1 to leave these tests out.";

/// Where everything of ours lives that may be thrown away: the target folder.
pub fn target_dir() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp).to_owned()
}

/// Opens a file and holds it locked until it is dropped; other processes wait.
pub fn locked(path: &Path) -> Result<fs::File> {
    let file = fs::File::create(path).with_context(|| path.display().to_string())?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

/// The folder of a virtual environment with Juice and `uv`, made now if there is none yet.
///
/// Several test runs may ask at once: one makes it, the others wait. A half-made one has no stamp and is made again.
pub fn ready() -> Result<PathBuf> {
    let target = target_dir();
    let (venv, stamp) = (target.join("juice-venv"), target.join("juice-venv/ready"));
    let python = std::env::var("JUICETOP_TEST_PYTHON").unwrap_or_default();
    let juice = format!("orangeqs-juice-core=={JUICE}");
    let packages = [juice.as_str(), TRUSTME, SUPERVISOR];
    let wanted = format!("{} {python}\n", packages.join(" "));
    let _lock = locked(&target.join("juice-venv.lock"))?;
    // The interpreter is run: its system Python may have gone since.
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted)
        && succeeds(&venv.join("bin/python"), &["-c", ""])
    {
        return Ok(venv);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).with_context(|| venv.display().to_string())?;
    }
    let python = find_python()?;
    run(Command::new(python).args(["-m", "venv"]).arg(&venv))?;
    let python = venv.join("bin/python");
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "uv"]))?;
    // uv is ten times as fast, but does not read pip's configuration; where that matters pip does it.
    let by_uv = run(Command::new(venv.join("bin/uv"))
        .args(["pip", "install", "--quiet", "--python"])
        .arg(&python)
        .args(packages));
    if by_uv.is_err() {
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    fs::write(stamp, wanted)?;
    Ok(venv)
}

/// The folder of a virtual environment with an older version of Juice, made now if there is none yet. All else in it is that of
/// [`ready`].
pub fn older(version: &str) -> Result<PathBuf> {
    let below = ready()?;
    let venv = target_dir().join(format!("juice-venv-{version}"));
    let stamp = venv.join("ready");
    let _lock = locked(&target_dir().join("juice-venv.lock"))?;
    if stamp.exists() && succeeds(&venv.join("bin/python"), &["-c", "import tornado"]) {
        return Ok(venv);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).with_context(|| venv.display().to_string())?;
    }
    run(Command::new(below.join("bin/python")).args(["-m", "venv", "--without-pip"]).arg(&venv))?;
    let packages = |venv: &Path| -> Result<PathBuf> {
        let print = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let out = run(Command::new(venv.join("bin/python")).args(["-c", print]))?;
        Ok(PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()))
    };
    let path = packages(&venv)?.join("below.pth");
    fs::write(&path, format!("{}\n", packages(&below)?.display()))?;
    let juice = format!("orangeqs-juice-core=={version}");
    // By the environment below, for this one has no pip of its own.
    run(Command::new(below.join("bin/python"))
        .args(["-m", "pip", "--python"])
        .arg(venv.join("bin/python"))
        .args(["install", "--quiet", "--no-deps", "--ignore-installed", &juice]))?;
    fs::write(stamp, "")?;
    Ok(venv)
}

/// The Python that `JUICETOP_TEST_PYTHON` names, else the first that is new enough and can make virtual environments.
fn find_python() -> Result<String> {
    let fits = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let wished = std::env::var("JUICETOP_TEST_PYTHON").ok();
    let mut candidates =
        wished.map_or_else(|| PYTHONS.map(str::to_owned).to_vec(), |python| vec![python]).into_iter();
    candidates
        .find(|python| succeeds(Path::new(python), &["-c", fits]))
        .context("no fitting Python was found")
}

/// Whether the program can be run and ends well; silent.
fn succeeds(program: &Path, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a command to its end; its output is part of the error.
fn run(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    let Output { status, stdout, stderr } = &output;
    if !status.success() {
        bail!(
            "{command:?}: {status}\n{}{}",
            String::from_utf8_lossy(stdout),
            String::from_utf8_lossy(stderr)
        );
    }
    Ok(output)
}
