//! `juicetop doctor` against the real Juice: what it finds in the files of an installation, and what answers.

use crate::common::{juice::Juice, program::run};

#[test]
fn it_finds_an_installation_and_asks_its_parts() {
    let Some(juice) = Juice::shared() else { return };
    let (config, runtime) = (juice.config_dir(), juice.run_dir());
    let (config, runtime) = (config.to_str().unwrap(), runtime.to_str().unwrap());
    let ended = run(&["doctor", "--services", "--juice-config", config, "--juice-run", runtime]).expect(0);
    for words in [
        &format!("address         {}", juice.url()),
        "task-manager-connection-info",
        "bench:Bench",
        "InfluxDB              ok",
        "tasks of the last 24 h are read",
        "/tasks                ok",
        "scheduler             ok",
        "bus                   ok",
        "service bench         ok",
        "at least 26.34.1",
        "All is well.",
    ] {
        assert!(ended.stdout.contains(words), "{words:?} is not in:\n{}", ended.stdout);
    }
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_database_that_refuses_is_told_with_what_to_do_and_without_its_token() {
    let Some(juice) = Juice::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(juice.config_dir()).unwrap().flatten() {
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let tokens = "[tokens.user]\nidentifier = \"x\"\ntoken = \"another-s3cret\"\n";
    std::fs::write(folder.path().join("influxdb-tokens.toml"), tokens).unwrap();
    let (config, runtime) = (folder.path().to_str().unwrap(), juice.run_dir());
    let ended =
        run(&["doctor", "--juice-config", config, "--juice-run", runtime.to_str().unwrap()]).expect(1);
    for words in
        ["InfluxDB              BAD", "refuses the token (unauthorized access)", "[influxdb] token-file"]
    {
        assert!(ended.stdout.contains(words), "{words:?} is not in:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("s3cret"), "{}", ended.stdout);
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let Some(juice) = Juice::shared() else { return };
    let ended = run(&["doctor", "--url", &juice.service_url("bench")]).expect(1);
    assert!(ended.stdout.contains("BAD"), "{}", ended.stdout);
    let ended = run(&["doctor", "--url", "ws://127.0.0.1:1"]).expect(1);
    assert!(ended.stdout.contains("connection refused"), "{}", ended.stdout);
    let service = format!("bench={}", juice.service_url("bench"));
    let ended =
        run(&["doctor", "--service", &service, "--juice-config", "/nowhere", "--juice-run", "/nowhere"]);
    assert!(ended.expect(0).stdout.contains("bench                 ok"));
}
