//! The commands of README and `docs/`: each is run as it stands there, with places that exist for those that a reader puts in.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use juicetop::cli::args::{Cli, Command as Subcommand};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::{common::pty::Screen, kept::lab};

/// What a reader puts in, and what is there in the test.
fn filled_in(command: &str, url: &str) -> String {
    let mut command = command.to_owned();
    for (written, here) in [
        ("ws://127.0.0.1:5124", url),
        ("ws://HOST:5124", url),
        // Nothing answers at these, which is told.
        ("wss://PROXY/PATH/", "ws://127.0.0.1:1/path/"),
        ("https://HUB/BASE", "http://127.0.0.1:1/base"),
        ("ws://HOST:5120", "ws://127.0.0.1:1"),
        ("NAME=URL", "fridge=ws://127.0.0.1:1"),
        ("/env/.venv/bin/python", "python3"),
        ("--lab NAME", "--lab north"),
    ] {
        command = command.replace(written, here);
    }
    command
}

/// The pages for people, README first.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> =
        fs::read_dir(root.join("docs")).unwrap().map(|e| e.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    pages.sort();
    pages.insert(0, root.join("README.md"));
    pages
}

/// What a line of a page is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// For a shell.
    Shell,
    /// What the program prints, or a file.
    Printed,
    /// Words.
    Prose,
}

/// A page's lines.
fn lines(text: &str) -> impl Iterator<Item = (Kind, &str)> {
    let mut fence = None;
    text.lines().map(move |line| {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(kind) };
        }
        let kind = match fence {
            Some("sh") => Kind::Shell,
            Some(_) => Kind::Printed,
            None if line.starts_with("    ") => Kind::Shell,
            None => Kind::Prose,
        };
        (kind, line)
    })
}

/// A page's commands on lines of their own, in their order, and those within a sentence.
fn commands(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut blocks, mut inline) = (Vec::new(), Vec::new());
    for (kind, line) in lines(text) {
        let command =
            line.trim().strip_prefix("juicetop").filter(|rest| rest.is_empty() || rest.starts_with(' '));
        match command {
            Some(_) if kind == Kind::Shell => {
                let command = line.trim().split("  #").next().unwrap_or_default().trim();
                blocks.push(command.to_owned());
            }
            _ if kind == Kind::Prose => inline.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|code| code.starts_with("juicetop "))
                    .map(str::to_owned),
            ),
            _ => {}
        }
    }
    (blocks, inline)
}

/// The words of the program's own command line in a line for a shell.
fn words(command: &str) -> Vec<String> {
    let words = shlex::split(command).unwrap_or_else(|| panic!("no line for a shell: {command}"));
    words.into_iter().take_while(|word| !matches!(word.as_str(), ">" | ">>" | "|" | "&&" | ";")).collect()
}

fn parsed(command: &str) -> Result<Cli, clap::Error> {
    Cli::read(words(command).into_iter().map(Into::into))
}

#[test]
fn commands_within_sentences_are_ones_that_there_are() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for command in commands(&text).1 {
            // What is left out stands in dots or brackets.
            let whole = command.replace('…', "").replace(['[', ']'], "");
            if let Err(error) = parsed(&whole) {
                use clap::error::ErrorKind::{
                    DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
                    MissingRequiredArgument,
                };
                let known = [
                    DisplayHelp,
                    DisplayVersion,
                    MissingRequiredArgument,
                    DisplayHelpOnMissingArgumentOrSubcommand,
                ];
                let is_name = error.to_string().contains("a value is required");
                assert!(is_name || known.contains(&error.kind()), "{}: `{command}`: {error}", page.display());
            }
        }
    }
}

/// Lines for a shell that are no command of juicetop's: how they begin, and where they are run; `None`: another machine is needed.
const OTHERS: [(&str, Option<(&str, &str)>); 9] = [
    ("cargo run --release -- demo", Some((".ci/run", "cargo run --locked --release --quiet -- demo"))),
    ("cargo test", Some((".ci/run", "cargo test --locked"))),
    ("JUICETOP_TEST_NO_JUICE=1 cargo test", Some((".ci/run", "unset JUICETOP_TEST_NO_JUICE"))),
    (
        "cargo +nightly fuzz run --fuzz-dir tests/fuzz",
        Some((".ci/run", "cargo +nightly fuzz run --fuzz-dir tests/fuzz")),
    ),
    ("pip install juicetop", Some((".ci/release", "/bin/pip\" install"))),
    ("cargo install --path .", Some((".ci/release", "cargo install --quiet --locked --path ."))),
    ("ssh -L 5124:", None),
    ("ssh -N -L 5124:", None),
    ("jq -r ", None),
];

#[test]
fn every_other_command_is_run_by_a_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (_, line) in lines(&text).filter(|(kind, _)| *kind == Kind::Shell) {
            let first = line.split_whitespace().next().unwrap_or_default();
            let is_command = matches!(first, "cargo" | "pip" | "uv" | "ssh" | "jq" | "sh" | "python3")
                || first.starts_with("JUICETOP_");
            if !is_command {
                continue;
            }
            let other = OTHERS.iter().find(|(begin, _)| line.trim().starts_with(begin));
            let (_, place) = other.unwrap_or_else(|| panic!("{}: nothing runs {line}", page.display()));
            if let Some((script, words)) = place {
                let script = fs::read_to_string(root.join(script)).unwrap();
                assert!(script.contains(words), "{line}: {words}");
            }
            found += 1;
        }
    }
    assert!(found >= OTHERS.len(), "{found}");
}

#[test]
fn every_command_of_the_documentation_does_what_it_says() {
    let (_server, url) = lab();
    let mut done = HashSet::new();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_juicetop"));
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join(".config/juicetop");
        fs::create_dir_all(&config).unwrap();
        let labs = format!("[labs.north]\nurl = '{url}'\n[labs.south]\nurl = '{url}'\n");
        let write_labs = || fs::write(config.join("config.toml"), &labs).unwrap();
        write_labs();
        fs::write(home.path().join("edge-token"), "token\n").unwrap();
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let (blocks, inline) = commands(&text);
        // Those within a sentence that are whole; others are names of commands.
        let inline = inline.into_iter().filter(|command| {
            parsed(&filled_in(command, &url)).is_ok()
                && !command.contains(['…', '['])
                && done.insert(command.clone())
        });
        let inline: Vec<_> = inline.collect();
        for (at, command) in blocks.iter().chain(&inline).enumerate() {
            // Those on lines of their own follow one another; the others stand alone.
            if at >= blocks.len() {
                write_labs();
            }
            let line = filled_in(command, &url);
            let what = format!("{}: {command}", page.file_name().unwrap().display());
            let cli = parsed(&line).unwrap_or_else(|error| match error.kind() {
                clap::error::ErrorKind::DisplayVersion => {
                    Cli::read(["juicetop".into(), "watch".into()]).unwrap()
                }
                _ => panic!("{what}: {error}"),
            });
            let env = [
                ("PATH", path.as_str()),
                ("HOME", home.path().to_str().unwrap()),
                ("JUICETOP_CONFIG_DIR", config.to_str().unwrap()),
                ("JUICETOP_URL", url.as_str()),
            ];
            // A lab that is named some other way is not to be the one of the environment.
            let named = cli.place.lab.is_empty() && cli.place.edge.is_none();
            let env = &env[..if named { 4 } else { 3 }];
            let is_screen = match &cli.command {
                None => true,
                Some(Subcommand::Demo(demo)) => !demo.serve_only,
                Some(Subcommand::Replay(replay)) => !replay.redact,
                Some(_) => false,
            };
            if is_screen {
                let script = format!("cd '{}' && {line}", home.path().display());
                let mut screen = Screen::start_command("sh", &["-c", &script], (100, 30), env);
                screen.wait_for(&what, |text| text.contains("juicetop") && text.contains("quit"));
                screen.type_keys("q");
                assert_eq!(screen.exit_status().exit_code(), 0, "{what}");
            } else {
                let (code, said) = run(&line, home.path(), env);
                // This lab may not have what a page speaks of; then that is told. A wrong line names the help.
                assert!(
                    code >= 0 && !said.contains("--help'") && !said.contains("panicked"),
                    "{what}: {code}\n{said}"
                );
            }
        }
    }
}

/// Runs a line in a shell; what has no end of its own is interrupted once it has had time to say something.
fn run(line: &str, home: &Path, env: &[(&str, &str)]) -> (i32, String) {
    use std::os::unix::process::CommandExt as _;
    let said = home.join("said");
    let to = fs::File::create(&said).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", line]).env_clear().env("LANG", "C.UTF-8").envs(env.iter().copied()).current_dir(home);
    command.stdin(Stdio::null()).stdout(to.try_clone().unwrap()).stderr(to).process_group(0);
    let mut child = command.spawn().unwrap();
    let group = Pid::from_child(&child);
    let begun = Instant::now();
    let mut asked = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let has_said = fs::metadata(&said).unwrap().len() > 0 && begun.elapsed() > Duration::from_secs(5);
        if !asked && (has_said || begun.elapsed() > Duration::from_secs(30)) {
            asked = true;
            kill_process_group(group, Signal::INT).unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{line} does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    // A shell that is interrupted too ends by the signal.
    let code = status.code().or(asked.then_some(0)).unwrap_or(-1);
    (code, String::from_utf8_lossy(&fs::read(&said).unwrap()).into_owned())
}
