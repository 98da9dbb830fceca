//! What the fuzz targets check, tried with every case, with what was found before, and with texts made of those.
//!
//! Each target is tried for a second, or for as long as `JUICETOP_FUZZ_SECONDS` says. What breaks one is made as small as
//! possible, told, and written to a file: it belongs into `tests/fuzz/found/TARGET`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and ends by the clock of the machine"
)]

#[path = "fuzz/checks.rs"]
mod checks;

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use checks::{TARGETS, Target};
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};

/// Larger files are tried as they are and not changed: that would be slow.
const LARGEST: usize = 50_000;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn all_in(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.retain(|path| is_wanted(&path.file_name().unwrap().to_string_lossy()));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What a target begins with: cases, what was found, and what only it knows.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let cases = |start: &'static str| all_in(&here("cases"), move |name| name.starts_with(start));
    let mut all = match target {
        "bus" => cases("bus_"),
        "reply" => cases("frame"),
        "traceback" => cases("tb_"),
        "result" => cases("json_"),
        "schema" => cases("schema_"),
        "keys" => cases("keys_"),
        "clean" => [cases("bus_hostile"), cases("tb_"), cases("json_")].concat(),
        "theme" => all_in(&here("../themes"), |_| true),
        "configuration" => documented(),
        _ => cases(""),
    };
    all.extend(all_in(&here("fuzz/found").join(target), |_| true));
    all.extend(all_in(&here("fuzz/corpus").join(target), |_| true));
    all
}

/// The examples of the documentation of the configuration, settings without the marks that the sample has before them.
fn documented() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(here("../docs/configuration.md")).unwrap();
    let set = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(['#', ' ']) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = text.lines().map(set).collect();
    text.split("```toml\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0.as_bytes().to_vec()))
        .collect()
}

/// What stands in many of the formats, and breaks them in the wrong place.
const WORDS: [&str; 24] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\n",
    "\r",
    "\t",
    "\x1b[",
    "\u{9b}",
    "\u{202e}",
    "\\ud800",
    "NaN",
    "1e999",
    "-0.0",
    "Traceback (most recent call last):\n",
    "  File \"a\", line 1, in f\n",
    "  | ",
    "$ref",
    "null",
    "=",
];

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index),
    Take(Index, Index),
    Flip(Index, u8),
    Word(Index, usize),
    Double(Index, Index),
    Splice(Index, usize, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Change::Cut),
        (at(), at()).prop_map(|(from, to)| Change::Take(from, to)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (at(), 0..WORDS.len()).prop_map(|(at, word)| Change::Word(at, word)),
        (at(), at()).prop_map(|(from, to)| Change::Double(from, to)),
        (at(), any::<usize>(), at()).prop_map(|(at, other, from)| Change::Splice(at, other, from)),
    ]
}

/// One of the corpus, changed. Where it stands in another one is spliced in.
fn changed(corpus: &[Vec<u8>], which: usize, changes: &[Change]) -> Vec<u8> {
    let pick = |which: usize| corpus.get(which % corpus.len().max(1)).map_or(&[][..], Vec::as_slice);
    let mut data = pick(which).to_vec();
    for change in changes {
        let place = |index: &Index, data: &[u8]| index.index(data.len() + 1);
        let range = |one: &Index, other: &Index, data: &[u8]| {
            let (one, other) = (place(one, data), place(other, data));
            one.min(other)..one.max(other)
        };
        match change {
            Change::Cut(at) => data.truncate(place(at, &data)),
            Change::Take(from, to) => drop(data.drain(range(from, to, &data))),
            Change::Flip(at, byte) => {
                let at = place(at, &data);
                if let Some(there) = data.get_mut(at) {
                    *there ^= byte;
                }
            }
            Change::Word(at, word) => {
                let at = place(at, &data);
                data.splice(at..at, WORDS[*word].bytes());
            }
            Change::Double(from, to) => {
                let range = range(from, to, &data);
                let (end, part) = (range.end, data[range].to_vec());
                data.splice(end..end, part);
            }
            Change::Splice(at, other, from) => {
                let other = pick(*other);
                let at = place(at, &data);
                data.splice(at.., other[place(from, other)..].iter().copied());
            }
        }
        data.truncate(2 * LARGEST);
    }
    data
}

fn time() -> Duration {
    let seconds = std::env::var("JUICETOP_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(1.0))
}

/// Tries a target with its corpus and with changes of it until the time is over.
fn try_target(name: &str) {
    let (name, check): Target = *TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    let all = corpus(name);
    for data in &all {
        // A connection or a disk may end anywhere.
        let step = (data.len() / 20).max(1);
        let cuts = (0..data.len()).step_by(step).filter(|_| data.len() < 200_000);
        cuts.chain([data.len()]).for_each(|cut| check(&data[..cut]));
    }
    let small: Vec<Vec<u8>> = all.into_iter().filter(|data| data.len() <= LARGEST).collect();
    let strategy = (any::<usize>(), prop::collection::vec(change(), 0..6))
        .prop_map(move |(which, changes)| changed(&small, which, &changes));
    let end = Instant::now() + time();
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    while Instant::now() < end {
        let tried = runner.run(&strategy, |data| {
            catch_unwind(|| check(&data)).map_err(|_| TestCaseError::fail("it does not hold"))
        });
        if let Err(TestError::Fail(_, data)) = tried {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-found"));
            fs::write(&path, &data).unwrap();
            panic!("{name} does not hold for {:?} (in {})", String::from_utf8_lossy(&data), path.display());
        }
    }
}

macro_rules! targets {
    ($($name:ident)*) => { $(#[test] fn $name() { try_target(stringify!($name)); })* };
}

targets! { bus reply traceback result schema theme filter configuration keys files clean answer printed }

#[test]
fn every_target_is_tried_here_and_by_cargo_fuzz() {
    let this = fs::read_to_string(here("fuzz.rs")).unwrap();
    let listed = this.lines().find_map(|line| line.strip_prefix("targets! { ")?.strip_suffix(" }")).unwrap();
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed.split(' ').collect::<Vec<_>>(), names);
    let manifest = fs::read_to_string(here("fuzz/Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} in tests/fuzz/Cargo.toml");
        let source = fs::read_to_string(here(&format!("fuzz/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("checks::{name}(data)")), "{name}");
        assert!(!corpus(name).is_empty(), "{name} has nothing to begin with");
    }
}

/// Lines as tracebacks have them, in any order.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("Traceback (most recent call last):".to_owned()),
        Just("  File \"/lab/a.py\", line 3, in f".to_owned()),
        Just("    x = y".to_owned()),
        Just("    ^^^^^".to_owned()),
        Just("During handling of the above exception, another exception occurred:".to_owned()),
        Just("The above exception was the direct cause of the following exception:".to_owned()),
        Just("  + Exception Group Traceback (most recent call last):".to_owned()),
        Just("  +-+---------------- 1 ----------------".to_owned()),
        Just("    | KeyError: 'a'".to_owned()),
        Just("    +------------------------------------".to_owned()),
        Just("  [Previous line repeated 993 more times]".to_owned()),
        Just("----> 3 f()".to_owned()),
        Just("Cell In[3], line 1".to_owned()),
        Just("ValueError: a".to_owned()),
        Just(String::new()),
        "[ |+^~-]{0,12}",
        ".{0,30}",
    ];
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_lines_of_a_traceback_hold(text in lines()) {
        checks::traceback(text.as_bytes());
    }

    #[test]
    fn any_bytes_hold(data in prop::collection::vec(any::<u8>(), 0..300), text in r#"[\[\]{}",:\\0-9eE.\-a-z\n ]{0,80}"#) {
        for (_, check) in TARGETS {
            check(&data);
            check(text.as_bytes());
        }
    }
}
