//! The worked examples that were measured with Juice's own loader, and what is wrong in real folders.

use std::{fs, path::Path};

use super::*;

/// Writes `files` (path below the folder, content).
fn lay(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn places(folder: &Path) -> Places {
    Places {
        config_dir: folder.join("config"),
        run_dir: folder.join("run"),
        site_packages: vec![folder.join("site-packages")],
        identity: None,
    }
}

fn found(files: &[(&str, &str)]) -> Found {
    let dir = tempfile::tempdir().unwrap();
    lay(dir.path(), files);
    discover(&places(dir.path()))
}

fn urls(found: &Found) -> Vec<(&str, &str)> {
    found.services.iter().map(|s| (s.name.as_str(), s.url.as_str())).collect()
}

#[test]
fn nothing_gives_the_defaults() {
    let found = found(&[]);
    assert_eq!(found.url, "ws://juice-task-manager:5124");
    assert_eq!(found.source, Source::Default);
    assert_eq!(found.warnings, []);
    assert_eq!(
        urls(&found),
        [("task-manager", "ws://juice-task-manager:5120"), ("shared", "ws://juice-shared:5120"),]
    );
    assert!(found.services.iter().all(|s| s.implied));
}

#[test]
fn each_service_has_its_supervisord_and_the_version_that_it_wrote_down() {
    let version = "[services.lab.user_installed_packages.orangeqs-juice-core]\nversion = \"26.43.0\"\n";
    let found = found(&[
        ("config/orchestration.toml", "[services.lab]\n[services.six]\n[services.odd]\n"),
        (
            "config/ipykernel.toml",
            "[services.lab]\nip = \"10.0.0.5\"\nsupervisor_port = 9002\n[services.six]\nip = \"::1\"\n\
             [services.odd]\nsupervisor_port = 0\n",
        ),
        ("run/juice-services-info.d/lab.toml", version),
    ]);
    let of = |name: &str| {
        let service = found.services.iter().find(|service| service.name == name).unwrap();
        (service.supervisor.as_str(), service.version.as_deref())
    };
    assert_eq!(of("lab"), ("10.0.0.5:9002", Some("26.43.0")));
    assert_eq!(of("six"), ("[::1]:9001", None));
    assert_eq!(of("shared"), ("juice-shared:9001", None));
    // What cannot be used is told, and the usual address counts.
    assert_eq!(of("odd"), ("juice-odd:9001", None));
    let [warning] = &found.warnings[..] else { panic!("{:?}", found.warnings) };
    assert!(warning.what.contains("services.odd has a port that is no number"), "{warning:?}");
}

/// Worked example 1: priorities and deep merge.
#[test]
fn priorities_and_deep_merge() {
    let found = found(&[
        ("config/orchestration.toml", "[services.lab]\n[services.fridge]\n[services.n]\n"),
        (
            "config/task-servers.toml",
            "[services.lab]\nip=\"10.0.0.5\"\nport=5120\n[services.fridge]\nip=\"10.0.0.6\"\n",
        ),
        ("config/5-task-servers.toml", "[services.lab]\nip=\"10.9.9.9\"\nport=1\n"),
        ("config/task-servers.d/site.toml", "[services.lab]\nport=5130\n"),
        ("config/task-servers.d/99-local.toml", "[services.lab]\nip=\"127.0.0.1\"\n"),
    ]);
    assert_eq!(
        urls(&found)[..3],
        [("lab", "ws://127.0.0.1:5130"), ("fridge", "ws://10.0.0.6:5120"), ("n", "ws://juice-n:5120"),]
    );
    assert_eq!(found.warnings, []);
}

/// Worked example 2: lists replace, services are implied, the order stays.
#[test]
fn services_of_two_files() {
    let found = found(&[
        (
            "config/orchestration.toml",
            "juice_setup_name = \"Fridge 3\"\n[services.lab]\nentrypoint=\"orangeqs.juice.service:IPythonService\"\ninit_args=[1,2]\n",
        ),
        (
            "config/orchestration.d/20-more.toml",
            "[services.lab]\ninit_args=[3]\n[services.fridge]\nentrypoint=\"hiddenlab:LabService\"\n",
        ),
    ]);
    let named: Vec<(&str, &str, bool)> =
        found.services.iter().map(|s| (s.name.as_str(), s.entrypoint.as_str(), s.is_ipython())).collect();
    assert_eq!(
        named,
        [
            ("lab", "orangeqs.juice.service:IPythonService", true),
            ("fridge", "hiddenlab:LabService", false),
            ("task-manager", "orangeqs.juice.task_manager:TaskManagerService", false),
            ("shared", "orangeqs.juice.service:IPythonService", true),
        ]
    );
    assert_eq!(found.setup_name.as_deref(), Some("Fridge 3"));
}

/// Worked example 3: runtime data, a tunnel over it, and the package that overrides the administrator.
#[test]
fn runtime_data_and_the_labs_package() {
    let dir = tempfile::tempdir().unwrap();
    lay(
        dir.path(),
        &[
            (
                "run/task-manager-connection-info.d/default.toml",
                "router_port = 5124\npub_port = 5122\nsub_port = 5123\nip = \"juice-task-manager\"\n",
            ),
            ("run/task-manager-connection-info.d/50-tunnel.toml", "ip=\"127.0.0.1\"\nrouter_port=15124\n"),
            ("config/orchestration.toml", "[services.lab]\n"),
            ("config/task-servers.toml", "[services.lab]\nip=\"from-etc\"\nport=1111\n"),
            ("config/task-servers.d/x.toml", "[services.lab]\nport=2222\n"),
            ("site-packages/lab-1.0.dist-info/entry_points.txt", "[juice.config]\nlab = lab.config\n"),
            ("site-packages/lab/config/task-servers.toml", "[services.lab]\nip=\"from-lab-package\"\n"),
            ("site-packages/lab/config/orchestration.toml", "[services.ignored]\n"),
        ],
    );
    let found = discover(&places(dir.path()));
    assert_eq!(found.url, "ws://127.0.0.1:15124");
    let Source::File { path, keys } = &found.source else { panic!("{:?}", found.source) };
    assert!(path.ends_with("50-tunnel.toml") && *keys == "ip, router_port", "{path:?}");
    assert_eq!(urls(&found)[0], ("lab", "ws://from-lab-package:2222"));
    assert!(!found.services.iter().any(|s| s.name == "ignored"));
    assert_eq!(found.warnings, []);
}

#[test]
fn a_package_under_development_is_found_through_its_pth_file() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("src");
    lay(
        dir.path(),
        &[
            (
                "site-packages/lab-1.0.dist-info/entry_points.txt",
                "[juice.config]\nlab = lab.config\ngone = gone.config\n",
            ),
            ("site-packages/lab.pth", &format!("import something\n{}\n", source.display())),
            ("src/lab/config/task-manager.d/tm.toml", "[network]\nip = \"10.1.1.1\"\n"),
        ],
    );
    let found = discover(&places(dir.path()));
    assert_eq!(found.url, "ws://10.1.1.1:5124");
    assert_eq!(found.warnings.len(), 1);
    assert!(found.warnings[0].what.contains("gone.config"), "{:?}", found.warnings);
}

#[test]
fn the_configuration_stands_in_for_runtime_data() {
    let only_port = found(&[("config/task-manager.toml", "[network]\nrouter_port = 7000\n")]);
    assert_eq!(only_port.url, "ws://juice-task-manager:7000");
    let both = found(&[("config/task-manager.toml", "[network]\nip = \"::1\"\nrouter_port = \"7000\"\n")]);
    assert_eq!(both.url, "ws://[::1]:7000");
    let Source::File { path, keys } = both.source else { panic!() };
    assert!(path.ends_with("config/task-manager.toml") && keys == "network.ip, network.router_port");
}

#[test]
fn one_bad_file_spoils_its_name_and_the_next_source_counts() {
    let found = found(&[
        ("run/task-manager-connection-info.d/default.toml", "ip = \"10.0.0.1\"\n"),
        ("run/task-manager-connection-info.d/50-x.toml", "ip = \"10.0.0.2\"\n\nrouter_port = = 1\n"),
        ("config/task-manager.toml", "[network]\nip = \"10.0.0.3\"\n"),
    ]);
    assert_eq!(found.url, "ws://10.0.0.3:5124");
    assert_eq!(found.warnings.len(), 1);
    assert_eq!(found.warnings[0].line, Some(3));
    assert!(found.warnings[0].path.ends_with("50-x.toml"));
    assert!(found.warnings[0].to_string().contains("50-x.toml:3: is no valid TOML"), "{}", found.warnings[0]);
}

#[test]
fn values_of_the_wrong_kind_are_told_and_passed_over() {
    for (content, says) in [
        ("ip = 5\n", "no text"),
        ("ip = \"h\"\nrouter_port = 70000\n", "65535"),
        ("ip = \"h\"\nrouter_port = [1]\n", "65535"),
        ("ip = \"\"\n", "host"),
        ("ip = \"a b\"\n", "host name"),
        ("router_port = 5\n", "no ip"),
        ("\u{1b}", "TOML"),
    ] {
        let found = found(&[("run/task-manager-connection-info.d/default.toml", content)]);
        assert_eq!(found.url, "ws://juice-task-manager:5124", "{content}");
        assert!(found.warnings.iter().any(|w| w.what.contains(says)), "{content:?}: {:?}", found.warnings);
    }
    let found = found(&[
        ("config/orchestration.toml", "services = 5\njuice_setup_name = 3\n"),
        (
            "config/task-servers.toml",
            "[services.shared]\nip = \"::1\"\nport = 0\n[services]\ntask-manager = 3\n",
        ),
    ]);
    assert_eq!(found.services.len(), 2);
    assert_eq!(urls(&found)[1].1, "ws://juice-shared:5120");
}

#[test]
fn odd_files_are_taken_or_told_as_python_does() {
    let dir = tempfile::tempdir().unwrap();
    lay(
        dir.path(),
        &[
            ("run/task-manager-connection-info.d/.hidden.toml", "ip = \"10.0.0.9\"\n"),
            ("config/orchestration.toml", "[services.device]\n[services.shared]\n"),
            ("config/task-servers.toml", "[services.device]\nip=\"x\"\n"),
            ("config/-5-task-servers.toml", "[services.device]\nip=\"wrong-name\"\n"),
            ("run/ipykernel-connection.d/device.toml", "[services.device]\nip = \"x\"\n"),
            (
                "run/juice-services-info.d/task-manager.toml",
                "[services.task-manager.user_installed_packages.orangeqs-juice-core]\nversion = \"26.43.0\"\n",
            ),
        ],
    );
    fs::write(dir.path().join("config/zest.toml"), [0xff, 0xfe]).unwrap();
    let found = discover(&places(dir.path()));
    assert_eq!(found.url, "ws://10.0.0.9:5124");
    assert_eq!(urls(&found), [("device", "ws://x:5120"), ("task-manager", "ws://juice-task-manager:5120")]);
    assert!(found.services[0].kernel && !found.services[1].kernel);
    assert_eq!(found.juice_version.as_deref(), Some("26.43.0"));
    assert_eq!(found.warnings, []);

    fs::write(dir.path().join("config/task-servers.d.toml"), "x").unwrap();
    fs::create_dir_all(dir.path().join("config/task-servers.d/folder.toml")).unwrap();
    let found = discover(&places(dir.path()));
    assert_eq!(found.warnings.len(), 1);
    assert!(found.warnings[0].what.contains("cannot be read"), "{:?}", found.warnings);
    assert_eq!(urls(&found)[0].1, "ws://juice-device:5120");
}

#[test]
fn a_table_over_something_else_is_told() {
    let found = found(&[
        ("config/task-servers.toml", "services = 1\n"),
        ("config/task-servers.d/a.toml", "[services.lab]\nip = \"x\"\n"),
    ]);
    assert_eq!(found.warnings.len(), 1);
    assert!(found.warnings[0].what.contains("a table of services"), "{:?}", found.warnings);
}

#[test]
fn the_database_needs_a_token_of_whoever_asks() {
    assert!(found(&[]).influx.token.unwrap_err().contains("[tokens.user]"));
    let tokens =
        ("config/influxdb-tokens.d/user.toml", "[tokens.user]\nidentifier = \"1\"\ntoken = \"secret\"\n");
    let of_lab =
        ("config/influxdb-tokens.d/lab.toml", "[tokens.lab]\nidentifier = \"2\"\ntoken = \"other\"\n");
    let access = found(&[tokens, of_lab]).influx;
    assert!(!format!("{access:?}").contains("secret"));
    assert_eq!((access.url.as_str(), access.org.as_str()), ("http://juice-influxdb2:8086", "orangeqs-juice"));
    assert_eq!((access.logs.as_str(), access.token.as_deref()), ("service_logs", Ok("secret")));
    // As Juice's own client does: all users have one together, each service its own.
    for (identity, token) in [
        (Some("user-unknown"), Ok("secret")),
        (Some("user-a-b"), Ok("secret")),
        (Some("service-lab"), Ok("other")),
        (Some("service-cryo"), Err("for the service cryo")),
        (Some("guest-x"), Err("JUICE_IDENTITY")),
        (Some("user"), Err("JUICE_IDENTITY")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        lay(dir.path(), &[tokens, of_lab]);
        let places = Places { identity: identity.map(str::to_owned), ..places(dir.path()) };
        let found = discover(&places).influx.token;
        match token {
            Ok(token) => assert_eq!(found.as_deref(), Ok(token), "{identity:?}"),
            Err(why) => assert!(found.unwrap_err().contains(why), "{identity:?}"),
        }
    }
    let access = found(&[
        tokens,
        ("config/orchestration.toml", "[influxdb2]\nurl = \"http://db:1\"\norg = \"o\"\n"),
        ("config/service-logging.toml", "bucket_name = \"b\"\n"),
    ]);
    let access = access.influx;
    assert_eq!((access.url.as_str(), access.org.as_str(), access.logs.as_str()), ("http://db:1", "o", "b"));
}

#[test]
fn kernels_are_those_that_can_be_heard() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, more: &str| {
        let text = format!(
            "[services.{name}]\nip = \"juice-{name}\"\nkey = \"k-{name}\"\niopub_port = 4100\n{more}"
        );
        (format!("run/ipykernel-connection.d/{name}.toml"), text)
    };
    let files = [
        file("lab", "transport = \"tcp\"\nsignature_scheme = \"hmac-sha256\"\n"),
        file("ipc", "transport = \"ipc\"\n"),
        file("md5", "signature_scheme = \"hmac-md5\"\n"),
        ("run/ipykernel-connection.d/cut.toml".to_owned(), "[services.cut]\nip = \"x\"\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    lay(dir.path(), &files);
    let channels = channels(&dir.path().join("run"));
    let lab = Channel { service: "lab".into(), host: "juice-lab".into(), port: 4100, key: "k-lab".into() };
    assert_eq!(channels, [lab]);
    assert!(!format!("{channels:?}").contains("k-lab"), "a key is shown to nobody");
    assert_eq!(super::channels(&dir.path().join("nowhere")), []);
}
