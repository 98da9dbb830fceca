use std::ffi::OsString;
use std::fs;

use super::*;

fn parse(text: &str) -> (Config, Vec<String>) {
    let (config, problems) = Config::parse(Path::new("/cfg/config.toml"), text);
    (config, problems.iter().map(ToString::to_string).collect())
}

fn faultless(text: &str) -> Config {
    let (config, problems) = parse(text);
    assert_eq!(problems, Vec::<String>::new());
    config
}

fn documentation() -> String {
    fs::read_to_string(format!("{}/docs/configuration.md", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The example with all defaults in the documentation.
fn example() -> String {
    let text = documentation();
    let after = text.split("<!-- defaults -->\n```toml\n").nth(1).unwrap();
    after.split("```").next().unwrap().to_owned()
}

#[test]
fn each_lab_has_a_folder_whatever_its_name() {
    let folders = Folders { state: Some("/s".into()), ..Folders::default() };
    for (lab, folder) in [
        ("cryo-2", "/s/labs/cryo-2"),
        ("127.0.0.1:5124", "/s/labs/127.0.0.1%3a5124"),
        ("../x", "/s/labs/%2e.%2fx"),
        ("", "/s/labs/%"),
        ("ü", "/s/labs/%c3%bc"),
    ] {
        assert_eq!(folders.lab_folder(lab), Some(folder.into()), "{lab}");
    }
    assert!(folders.lab_folder(&"x/".repeat(999)).unwrap().as_os_str().len() < 255);
    assert_eq!(Folders::default().lab_folder("cryo-2"), None);
}

#[test]
fn the_documented_example_is_the_defaults() {
    let config = faultless(&example());
    assert_eq!(config, Config::default());
    // And without it, too.
    assert_eq!(faultless(""), Config::default());
}

#[test]
fn every_key_is_documented_and_in_the_example() {
    let (text, example) = (documentation(), example());
    let set: Vec<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once(" = ").map(|(key, _)| key))
        .chain(example.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')))
        .collect();
    let below = |table: &'static str, keys: &[&'static str]| -> Vec<(String, &'static str)> {
        keys.iter().map(|key| (format!("{table}.{key}"), *key)).collect()
    };
    let tables = ["guard", "limits", "catalogue", "paths", "keys"];
    let plain = KEYS.iter().filter(|key| !tables.contains(*key)).map(|key| ((*key).to_owned(), *key));
    let all = plain
        .chain(below("guard", &GUARD_KEYS))
        .chain(below("limits", &LIMIT_KEYS))
        .chain(below("catalogue", &CATALOGUE_KEYS));
    for (path, key) in all {
        assert!(text.contains(&format!("| `{path}` |")), "{path} has no row in docs/configuration.md");
        assert!(set.contains(&key), "{path} is not in the example of docs/configuration.md");
    }
    assert!(tables.iter().all(|table| set.contains(table)), "{set:?}");
}

#[test]
fn what_is_commented_out_in_the_example_would_be_valid() {
    let all: String =
        example().lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect();
    let config = faultless(&all);
    assert!(
        config.url.is_some()
            && config.edge.is_some()
            && config.token_file.is_some()
            && config.python.is_some()
            && !config.keys.is_empty()
    );
}

#[test]
fn every_key_is_read() {
    let config = faultless(
        "theme = 'light'\nascii = 'yes'\nurl = 'wss://lab:1'\nedge = 'https://hub/x'\ntoken_file = 'token'\n\
         read_only = true\nhidden = true\nhistory = false\ntraceback = 'oldest-first'\n[guard]\ntypes = ['Move*']\n\
         [limits]\nended_tasks = 5_0\nmemory = 0x1000_0000\nhistory-days = 7\nhistory-bytes = 1_000\nhistory_text_bytes = 0\n\
         [catalogue]\npython = 'venv/bin/python'\nexact_names = false\n[paths]\n\"/app\" = '~/lab'\n[keys]\nsubmit = ['ctrl-s', 'f8']\nopen = 'enter'\nquit = []\n",
    );
    let binding = |action: &str, keys: &[&str], line| KeyBinding {
        action: action.to_owned(),
        keys: keys.iter().map(|key| ((*key).to_owned(), line)).collect(),
        line,
    };
    assert_eq!(
        config,
        Config {
            theme: "light".to_owned(),
            ascii: Ascii::Yes,
            url: Some("wss://lab:1".to_owned()),
            edge: Some("https://hub/x".to_owned()),
            token_file: Some("/cfg/token".into()),
            read_only: true,
            hidden: true,
            history: false,
            traceback: TracebackOrder::OldestFirst,
            guard: Guard::new(["Move*"]),
            limits: Limits {
                ended_tasks: 50,
                memory: 256 << 20,
                history_days: 7,
                history_bytes: 1_000,
                history_text_bytes: 0,
            },
            python: Some("/cfg/venv/bin/python".into()),
            exact_names: false,
            paths: Paths(vec![("/app".to_owned(), "~/lab".to_owned())]),
            keys: vec![
                binding("submit", &["ctrl-s", "f8"], 24),
                binding("open", &["enter"], 25),
                binding("quit", &[], 26)
            ],
        }
    );
}

#[test]
fn the_longest_folder_that_holds_a_file_says_where_it_is() {
    let config = faultless(
        "[paths]\n'/app/' = '/home/me/lab'\n'/app/drivers' = '~/drivers/'\n'C:\\lab' = '/mnt/lab'\n",
    );
    let here = |file: &str| config.paths.here(file);
    assert_eq!(here("/app/t1.py").as_deref(), Some("/home/me/lab/t1.py"));
    assert_eq!(here("/app/drivers/awg.py").as_deref(), Some("~/drivers/awg.py"));
    assert_eq!(here(r"C:\lab\q\run.py").as_deref(), Some("/mnt/lab/q/run.py"));
    assert_eq!(here("/application/t1.py"), None, "a folder's name is whole");
    assert_eq!(here("/opt/x.py"), None);
    let (config, problems) = parse("[paths]\n'/app' = 3\n'/b' = '/c'\n");
    assert_eq!((config.paths.here("/b/x").as_deref(), problems.len()), (Some("/c/x"), 1));
}

#[test]
fn a_python_is_a_path_or_a_name() {
    let python = |text: &str| faultless(&format!("[catalogue]\npython = '{text}'\n")).python;
    assert_eq!(python("/env/.venv"), Some("/env/.venv".into()));
    assert_eq!(python("python3"), Some("python3".into()));
    assert_eq!(python("../venv"), Some("/cfg/../venv".into()));
}

#[test]
fn each_mistake_costs_only_its_own_line() {
    let (config, problems) = parse(
        "them = 'x'\ntheme = 3\nascii = 'perhaps'\nurl = 'lab:5124'\nhidden = 'yes'\n[limits]\nended-tasks = 0\n\
         memory = 1_000\nmore = 1\n[keys]\nsubmit = [3]\nopen = ['o', 4]\n",
    );
    let starts: Vec<&str> =
        problems.iter().map(|line| line.strip_prefix("/cfg/config.toml:").unwrap()).collect();
    let expected = [
        "1: unknown key `them`: known here: `theme`, ",
        "2: `theme` is a TOML integer: write a text in quotes",
        "3: `ascii` is \"perhaps\": write one of `auto`, `yes`, `no`",
        "4: `url` is \"lab:5124\": write ws://HOST:PORT or wss://HOST:PORT",
        "5: `hidden` is a TOML string: write `true` or `false`",
        "7: `ended-tasks` is 0: write a whole number from 1 on",
        "8: `memory` is 1000: write a whole number from 134217728 on",
        "9: unknown key `more`: known here: `ended-tasks`, `memory`, `history-days`, `history-bytes`, `history-text-bytes`",
        "11: `submit` is a TOML integer: write a text in quotes",
        "12: `open` is a TOML integer: write a text in quotes",
    ];
    assert_eq!(starts.len(), expected.len(), "{starts:?}");
    for (start, expected) in starts.iter().zip(expected) {
        assert!(start.starts_with(expected), "{start} for {expected}");
    }
    let keys = vec![KeyBinding { action: "open".to_owned(), keys: vec![("o".to_owned(), 12)], line: 12 }];
    assert_eq!(config, Config { keys, ..Config::default() });
}

#[test]
fn mistakes_never_make_it_less_safe() {
    let guarded = |text: &str, kind: &str| parse(text).0.guard.matches(kind);
    // One entry is no text: the others hold, and the default ones too.
    for kind in ["Move", "EnableHeater"] {
        assert!(guarded("[guard]\ntypes = ['Move', 3]", kind), "{kind}");
    }
    assert!(guarded("[guard]\ntypes = 3", "EnableHeater"));
    assert!(guarded("guard = 3", "EnableHeater"));
    // A broken file.
    for kind in ["Move", "EnableHeater"] {
        assert!(guarded("[guard]\ntypes = ['Move']\n[[[", kind), "{kind}");
    }
    // Without mistakes, the list is what the person wrote.
    assert!(!guarded("[guard]\ntypes = []", "EnableHeater"));
    assert!(parse("read-only = 'yes'").0.read_only);
    assert!(parse("read-only = true\n]").0.read_only);
    assert!(parse("read-only = = true").0.read_only);
    assert!(!parse("read-only = false").0.read_only);
}

#[test]
fn invalid_toml_is_told_with_its_line() {
    let (config, problems) = parse("theme = 'light'\nascii = = 'yes'\nhidden = true\n");
    assert!(problems[0].starts_with("/cfg/config.toml:2: not valid TOML ("), "{problems:?}");
    assert_eq!((config.theme.as_str(), config.hidden), ("light", true));
    assert!(parse(&"[".repeat(10_000)).1.len() < 10);
    assert!(parse(&format!("x = {}", "[".repeat(10_000))).1.len() < 10);
    let double = parse("theme = 'a'\ntheme = 'b'").1;
    assert!(double[0].starts_with("/cfg/config.toml:2: not valid TOML ("), "{double:?}");
}

#[test]
fn folders_follow_the_environment() {
    let folders = |vars: &[(&str, &str)]| {
        Folders::from_env(|name| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    };
    let home = folders(&[("HOME", "/h"), ("XDG_CONFIG_HOME", ""), ("XDG_STATE_HOME", "relative")]);
    assert_eq!(home.config_file(), Some("/h/.config/juicetop/config.toml".into()));
    assert_eq!(home.log_file(), Some("/h/.local/state/juicetop/juicetop.log".into()));
    let xdg = folders(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]);
    assert_eq!(xdg.config_file(), Some("/c/juicetop/config.toml".into()));
    assert_eq!(xdg.log_file(), Some("/s/juicetop/juicetop.log".into()));
    let named = folders(&[("HOME", "/h"), ("JUICETOP_CONFIG_DIR", "/mine")]);
    assert_eq!((named.config_file(), named.named), (Some("/mine/config.toml".into()), true));
    assert_eq!(folders(&[]), Folders::default());
}

#[test]
fn files_are_found_and_bad_ones_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let folders = Folders { config: Some(path.to_owned()), state: None, named: true };
    let nothing = load(&folders);
    assert_eq!((nothing.config, nothing.problems), (Config::default(), Vec::new()));

    fs::create_dir_all(path.join("themes")).unwrap();
    fs::create_dir_all(path.join("catalogue.d/folder.json")).unwrap();
    fs::write(path.join(FILE), "theme = 'lab'").unwrap();
    fs::write(path.join("themes/lab.toml"), "inherits = 'dark'").unwrap();
    fs::write(path.join("themes/.lab.toml.swp"), "").unwrap();
    fs::write(path.join("themes/.hidden.toml"), "").unwrap();
    fs::write(path.join("catalogue.d/b.json"), "{}").unwrap();
    fs::write(path.join("catalogue.d/a.json"), "[]").unwrap();
    fs::write(path.join("catalogue.d/c.json"), b"\n\n\xff").unwrap();
    let loaded = load(&folders);
    assert_eq!(loaded.config.theme, "lab");
    assert_eq!(loaded.themes, [(path.join("themes/lab.toml"), "inherits = 'dark'".to_owned())]);
    let catalogues: Vec<&str> = loaded.catalogues.iter().map(|file| file.text.as_str()).collect();
    assert_eq!(catalogues, ["[]", "{}"]);
    assert!(loaded.catalogues.iter().all(|file| file.modified.is_some()));
    let problems: Vec<&str> = loaded.problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(problems, ["can't be read (line 3 is not UTF-8)", "can't be read (this is not a file)"]);

    fs::write(path.join(FILE), "#".repeat(MOST_IN_TEST)).unwrap();
    let large = load(&folders);
    assert_eq!(large.config, Config::default());
    assert_eq!(large.problems[0].what, "can't be read (larger than 1 MiB)");

    let missing = Folders { config: Some(path.join("nowhere")), ..folders };
    assert_eq!(load(&missing).problems.len(), 1);
    assert_eq!(load(&Folders { named: false, ..missing }).problems, []);
}

const MOST_IN_TEST: usize = 1024 * 1024 + 1;

proptest::proptest! {
    #[test]
    fn no_text_can_stop_us(text in "(theme|guard|types|keys|read-only|limits|[\\[\\]{}=\"'#.,\n a-c0-9é]){0,60}") {
        parse(&text);
    }
}
