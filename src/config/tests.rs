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

/// The sample's lines with their marks taken away as a person does: those of the defaults, or of the examples too.
fn sample(with_examples: bool) -> String {
    let (mut text, mut example) = (String::new(), false);
    for line in SAMPLE.lines() {
        match line.strip_prefix('#') {
            // Words, not a setting.
            Some(words) if words.starts_with(' ') => example = words.ends_with("Example:"),
            Some(setting) if with_examples || !example => text.push_str(&format!("{setting}\n")),
            Some(_) => {}
            None => text.push_str(&format!("{line}\n")),
        }
    }
    text
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
fn the_sample_is_the_defaults_and_has_every_setting() {
    assert_eq!(faultless(""), Config::default());
    assert_eq!(faultless(SAMPLE), Config::default(), "as it is printed it changes nothing");
    assert_eq!(faultless(&sample(false)), Config::default());
    let whole = faultless(&sample(true));
    assert!(whole.labs.len() == 1 && whole.opens == Ok(vec!["north".to_owned()]), "{whole:?}");
    assert!(whole.url.is_some() && whole.python.is_some() && !whole.keys.is_empty(), "{whole:?}");

    let set: toml::Table = toml::from_str(&sample(true)).unwrap();
    let documentation = documentation();
    for key in KEYS {
        assert!(set.contains_key(key), "{key} is not in the sample");
    }
    let below = [
        ("guard", &GUARD_KEYS[..]),
        ("limits", &LIMIT_KEYS),
        ("influxdb", &INFLUXDB_KEYS),
        ("notices", &notices::KEYS),
        ("catalogue", &CATALOGUE_KEYS),
    ];
    for (table, key) in below.iter().flat_map(|(table, keys)| keys.iter().map(move |key| (*table, *key))) {
        assert!(set[table].get(key).is_some(), "{table}.{key} is not in the sample");
    }
    // Each has a row in the documentation; of tables with names of the person's own, the table has it.
    let rows = set.iter().flat_map(|(key, value)| match (key.as_str(), value.as_table()) {
        ("labs", _) => vec!["labs.NAME".to_owned()],
        ("paths" | "services", _) | (_, None) => vec![key.clone()],
        ("keys", _) => Vec::new(),
        (_, Some(table)) => table.keys().map(|below| format!("{key}.{below}")).collect(),
    });
    for row in rows {
        assert!(documentation.contains(&format!("| `{row}` |")), "{row} has no row in docs/configuration.md");
    }
    for key in labs::LAB_KEYS {
        assert!(KEYS.contains(&key), "{key} may stand in a lab's section only");
    }
}

#[test]
fn the_documented_list_of_labs_is_valid() {
    let text = documentation();
    let after = text.split("<!-- labs -->\n```toml\n").nth(1).unwrap();
    let config = faultless(after.split("```").next().unwrap());
    let names: Vec<&str> = config.labs.iter().map(|lab| lab.name.as_str()).collect();
    assert!(names.len() > 2 && config.opens.is_ok_and(|opens| !opens.is_empty()), "{names:?}");
}

/// Three labs in a file that says something of its own.
const LABS: &str = "url = 'ws://here:1'\ntoken-file = 'all'\nread-only = true\nlab = 'north'\n[guard]\ntypes = ['Heat*']\n\
    [paths]\n'/app' = '~/lab'\n[labs.north]\nurl = 'wss://proxy/north/'\nread_only = false\nhistory = false\n\
    ca-file = 'ca.pem'\n[labs.north.guard]\ntypes = ['Move*']\n[labs.north.paths]\n'/north' = '~/north'\n\
    [labs.north.catalogue]\npython = '/north/bin/python'\n[labs.north.services]\nfridge = 'ws://f:1'\n\
    [labs.\"10.0.0.1:5124\"]\nedge = 'https://hub/x'\n[labs.here]\njuice-config = '/lab/config'\njuice-run = 'run'\n";

#[test]
fn a_lab_says_where_it_is_and_what_holds_there_instead() {
    let config = faultless(LABS);
    assert_eq!((config.url.as_deref(), config.read_only), (Some("ws://here:1"), true));
    assert_eq!(config.opens, Ok(vec!["north".to_owned()]));
    let names: Vec<(&str, usize)> = config.labs.iter().map(|lab| (lab.name.as_str(), lab.line)).collect();
    assert_eq!(names, [("north", 9), ("10.0.0.1:5124", 22), ("here", 24)]);

    let north = &config.listed("north").unwrap().config;
    assert_eq!(
        (north.url.as_deref(), north.read_only, north.history),
        (Some("wss://proxy/north/"), false, false)
    );
    assert_eq!(north.guard, Guard::new(["Move*"]));
    assert_eq!(north.ca_file, Some("/cfg/ca.pem".into()));
    assert_eq!(north.python, Some("/north/bin/python".into()));
    assert_eq!(north.services, [("fridge".to_owned(), "ws://f:1".to_owned())]);
    // Folders of the person's own hold in each lab.
    assert_eq!(north.paths.here("/app/x.py").as_deref(), Some("~/lab/x.py"));
    assert_eq!(north.paths.here("/north/x.py").as_deref(), Some("~/north/x.py"));

    // Where the others are is theirs; the rest holds for them as for all.
    let edge = &config.listed("10.0.0.1:5124").unwrap().config;
    assert_eq!((&edge.url, edge.edge.as_deref()), (&None, Some("https://hub/x")));
    assert_eq!((edge.token_file.clone(), edge.read_only), (Some("/cfg/all".into()), true));
    assert_eq!(edge.guard, Guard::new(["Heat*"]));
    let here = &config.listed("here").unwrap().config;
    assert_eq!((&here.url, &here.services), (&None, &Vec::new()));
    assert_eq!(
        (&here.juice_config, &here.juice_run),
        (&Some("/lab/config".into()), &Some("/cfg/run".into()))
    );
    assert!(config.labs.iter().all(|lab| lab.wrong.is_none()));
}

#[test]
fn a_lab_that_is_not_in_the_list_is_told_with_those_that_are() {
    let config = faultless(LABS);
    let why = config.listed("nroth").unwrap_err();
    assert_eq!(
        why,
        "there is no lab `nroth`; did you mean `north`? There are `north`, `10.0.0.1:5124`, `here`"
    );
    assert!(config.listed("south").unwrap_err().ends_with("there are `north`, `10.0.0.1:5124`, `here`"));
    assert!(Config::default().listed("south").unwrap_err().contains("[labs.NAME]"));
    // The one that is to open is looked for before anybody asks for it.
    let (config, problems) = parse("lab = ['here', 'nroth']\n[labs.here]\n[labs.north]\nurl = 'ws://h:1'\n");
    assert!(config.opens.clone().is_err_and(|why| why.starts_with("/cfg/config.toml:1: ")), "{config:?}");
    assert!(problems.len() == 1 && problems[0].contains("did you mean `north`?"), "{problems:?}");
    for text in ["lab = 3", "lab = ['here', 3]\n[labs.here]\n"] {
        assert!(parse(text).0.opens.is_err(), "{text}");
    }
    assert_eq!(faultless("lab = []").opens, Ok(Vec::new()));
}

#[test]
fn a_lab_whose_place_cannot_be_read_is_not_taken_for_another() {
    for (section, line, says) in [
        ("[labs.a]\nurl = 'lab:5124'\n", 2, "`url` is"),
        ("[labs.a]\nurl = 3\n", 2, "`url` is a TOML integer"),
        ("[labs.a]\nulr = 'ws://h:1'\n", 2, "unknown key `ulr`"),
        ("[labs.a]\nurl = 'ws://h:1'\ntoken-file = 3\n", 3, "`token-file` is"),
        ("[labs.a]\njuice-config = []\n", 2, "`juice-config` is"),
        ("[labs.a.services]\nfridge = 'f'\n", 2, "`fridge` is"),
        ("[labs.a]\nurl = 'ws://h:1'\nedge = 'http://h'\n", 1, "a `url` and an `edge`"),
        ("[labs.a]\nedge = 'http://h'\n", 1, "no `token-file`"),
        ("[labs.a]\ntheme = 'dark'\n", 2, "unknown key `theme`"),
    ] {
        let (config, problems) = parse(section);
        let wrong = config.listed("a").unwrap().wrong.clone().unwrap();
        assert!(wrong.starts_with(&format!("/cfg/config.toml:{line}: ")) && wrong.contains(says), "{wrong}");
        assert!(problems.contains(&wrong), "{problems:?}");
    }
    // What does not say where it is costs only itself.
    let (config, problems) = parse("[labs.a]\nhistory = 3\n[labs.a.guard]\ntypes = 3\n");
    let lab = config.listed("a").unwrap();
    assert!(lab.wrong.is_none() && problems.len() == 2, "{problems:?}");
    assert!(lab.config.guard.matches("EnableHeater"), "the safer reading");
    assert!(parse("[labs.a]\nread-only = 3\n").0.labs[0].config.read_only);
    // In a broken file the line that is lost may be the one that matters.
    let (config, _) =
        parse("[labs.a]\nurl = = 'ws://h:1'\n[labs.b]\nurl = 'ws://h:1'\n[labs.b.guard]\ntypes = []\n");
    assert!(config.listed("a").unwrap().wrong.is_some());
    let whole = config.listed("b").unwrap();
    assert!(whole.wrong.is_none() && whole.config.guard.matches("EnableHeater"));
}

#[test]
fn names_of_labs_are_checked() {
    for name in ["north", "cryo-2", "_x", "10.0.0.1:5124", "A.b"] {
        assert_eq!(faultless(&format!("[labs.\"{name}\"]\n")).labs[0].name, name);
    }
    let long = "x".repeat(65);
    for name in ["", "a b", "../x", ".x", "-x", "ü", "a/b", "a,b", &long] {
        let (config, problems) = parse(&format!("[labs.\"{name}\"]\n"));
        assert!(config.labs.is_empty() && problems.len() == 1, "{name}: {problems:?}");
        assert!(problems[0].contains("is no name of a lab"), "{problems:?}");
    }
    assert_eq!(parse("labs = 3").1.len(), 1);
    assert_eq!(parse("[labs]\nnorth = 'ws://h:1'").1.len(), 1);
}

#[test]
fn every_key_is_read() {
    let config = faultless(
        "theme = 'light'\nascii = 'yes'\ntitle = false\nmouse = true\nside = 120\nurl = 'wss://lab:1'\nbus = 'tcp://lab:2'\nedge = 'https://hub/x'\ntoken_file = 'token'\n\
         ca-file = 'ca'\njuice-config = 'c'\njuice_run = '/r'\nlab = 'a'\nread_only = true\nhidden = true\nsensors = false\nhistory = false\ntraceback = 'oldest-first'\n[guard]\ntypes = ['Move*']\n\
         [limits]\nended_tasks = 5_0\nmemory = 0x1000_0000\nhistory-days = 7\nhistory-bytes = 1_000\nhistory_text_bytes = 0\n\
         [catalogue]\npython = 'venv/bin/python'\nexact_names = false\n[paths]\n\"/app\" = '~/lab'\n[keys]\nsubmit = ['ctrl-s', 'f8']\nopen = 'enter'\nquit = []\n\
         [services]\nfridge = 'ws://f:1'\n[influxdb]\nurl = 'https://db:1'\norg = 'o'\ntasks = 't'\nlogs = 'l'\n\
         token_file = 'influx'\nhours = 0\n[notices]\nbell = false\ndesktop = 'osc9'\ncommand = ['bin/tell', '-q']\nown_minutes = 0\n\
         first-failures = true\nservices = true\nquiet = '22:00-07:30'\nmost = 2\nminutes = 30\n[labs.a]\n",
    );
    let binding = |action: &str, keys: &[&str], line| KeyBinding {
        place: None,
        action: action.to_owned(),
        keys: keys.iter().map(|key| ((*key).to_owned(), line)).collect(),
        line,
    };
    assert_eq!(config.labs.len(), 1);
    assert_eq!(
        config,
        Config {
            theme: "light".to_owned(),
            ascii: Ascii::Yes,
            title: false,
            mouse: true,
            side: Side::From(120),
            url: Some("wss://lab:1".to_owned()),
            bus: Some("tcp://lab:2".to_owned()),
            edge: Some("https://hub/x".to_owned()),
            token_file: Some("/cfg/token".into()),
            ca_file: Some("/cfg/ca".into()),
            juice_config: Some("/cfg/c".into()),
            juice_run: Some("/r".into()),
            services: vec![("fridge".to_owned(), "ws://f:1".to_owned())],
            read_only: true,
            hidden: true,
            sensors: false,
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
            influxdb: Influxdb {
                url: Some("https://db:1".to_owned()),
                org: Some("o".to_owned()),
                tasks: Some("t".to_owned()),
                logs: Some("l".to_owned()),
                token_file: Some("/cfg/influx".into()),
                hours: 0,
            },
            notices: Notices {
                bell: false,
                desktop: Desktop::Osc9,
                command: vec!["/cfg/bin/tell".to_owned(), "-q".to_owned()],
                own_minutes: 0,
                first_failures: true,
                services: true,
                quiet: chrono::NaiveTime::from_hms_opt(22, 0, 0)
                    .zip(chrono::NaiveTime::from_hms_opt(7, 30, 0)),
                most: 2,
                minutes: 30,
            },
            python: Some("/cfg/venv/bin/python".into()),
            exact_names: false,
            paths: Paths(vec![("/app".to_owned(), "~/lab".to_owned())]),
            keys: vec![
                binding("submit", &["ctrl-s", "f8"], 33),
                binding("open", &["enter"], 34),
                binding("quit", &[], 35)
            ],
            opens: Ok(vec!["a".to_owned()]),
            labs: config.labs.clone(),
        }
    );
}

#[test]
fn a_database_is_one_labs_and_how_far_it_is_read_is_the_persons_wish() {
    let config = faultless(
        "[influxdb]\nurl = 'http://db:1'\ntoken-file = 't'\nhours = 2\n[labs.a]\n[labs.b.influxdb]\nurl = 'http://b:1'\nhours = 0\n",
    );
    assert_eq!(config.influxdb.back(), Some(Duration::from_secs(7200)));
    let [a, b] = &config.labs[..] else { panic!("{:?}", config.labs) };
    assert_eq!(a.config.influxdb, Influxdb { hours: 2, ..Influxdb::default() });
    assert_eq!((b.config.influxdb.url.as_deref(), b.config.influxdb.back()), (Some("http://b:1"), None));
    assert_eq!(
        Influxdb { hours: usize::MAX, ..Influxdb::default() }.back().map(|back| back.as_secs()),
        Some(MOST_HOURS * 3600)
    );
    let (config, problems) = parse("[influxdb]\nurl = 'db:1'\nhours = -1\ntoken = 'secret'\n");
    assert_eq!((config.influxdb, problems.len()), (Influxdb::default(), 3));
    assert!(!problems.join(" ").contains("secret"), "{problems:?}");
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
    let keys = vec![KeyBinding {
        place: None,
        action: "open".to_owned(),
        keys: vec![("o".to_owned(), 12)],
        line: 12,
    }];
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
    fn no_text_can_stop_us(text in "(theme|guard|types|keys|labs?|url|read-only|limits|[\\[\\]{}=\"'#.,\n a-c0-9é]){0,60}") {
        parse(&text);
    }
}

#[test]
fn keys_can_be_said_for_one_place() {
    let text = "[keys]\nopen = 'enter'\nin.form.send = ['ctrl-x ctrl-s',\n 'f2']\n[keys.in.history]\nopen = 'o'\nmark = 3\n";
    let (config, problems) = parse(text);
    let found: Vec<_> = config
        .keys
        .iter()
        .map(|binding| {
            (binding.place.as_deref(), binding.action.as_str(), binding.line, binding.keys.clone())
        })
        .collect();
    let key = |key: &str, line| (key.to_owned(), line);
    assert_eq!(
        found,
        [
            (None, "open", 2, vec![key("enter", 2)]),
            (Some("form"), "send", 3, vec![key("ctrl-x ctrl-s", 3), key("f2", 4)]),
            (Some("history"), "open", 6, vec![key("o", 6)]),
        ]
    );
    assert!(problems.len() == 1 && problems[0].contains(":7: "), "{problems:?}");
    let (config, problems) = parse("[keys]\nin = 'x'\n[keys.open]\n");
    assert!(config.keys.is_empty() && problems.len() == 2, "{problems:?}");
}
