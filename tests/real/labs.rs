//! The list of labs in the configuration, on the command line.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::common::{juice::Juice, program::run_at_home, pty::Screen};

/// A home whose configuration says this.
pub fn home(config: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/juicetop");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), config).unwrap();
    home
}

/// Where that configuration is, for a screen, which has a home of its own.
pub fn folder(home: &TempDir) -> (&'static str, String) {
    ("JUICETOP_CONFIG_DIR", home.path().join(".config/juicetop").display().to_string())
}

#[test]
fn a_lab_of_the_list_is_opened_by_its_name_by_every_command() {
    let Some(juice) = Juice::shared() else { return };
    let home = home(&format!(
        "lab = 'north'\n[labs.north]\nurl = '{}'\n[labs.files]\njuice-config = '{}'\njuice-run = '{}'\n\
         [labs.still]\nurl = '{}'\nread-only = true\n[labs.broken]\nulr = '{0}'\n",
        juice.url(),
        juice.config_dir().display(),
        juice.run_dir().display(),
        juice.url(),
    ));
    let run = |words: &str| run_at_home(&words.split(' ').collect::<Vec<_>>(), "", &home);
    let ping = |lab: &str| format!("submit bench Ping --parallel --wait{lab}");
    // The one that is to open, and one that is named, before and behind the command.
    run(&ping("")).expect(0);
    run(&ping(" --lab north")).expect(0);
    run(&format!("--lab files {}", ping(""))).expect(0);
    // Each has a folder of its own for what is kept.
    let state = home.path().join(".local/state/juicetop/labs");
    // What is wrong with the configuration is not well, whichever lab is looked at.
    let report = run("doctor --lab files").expect(1).stdout;
    for words in [
        "lab             files",
        "bench:Bench",
        "labs            north, files, still, broken",
        "bus                   ok",
        "ulr",
    ] {
        assert!(report.contains(words), "{words:?} is not in:\n{report}");
    }
    for command in ["list", "types", "list --lab files"] {
        run(command).expect(0);
    }
    // What may not be sent there is not sent.
    run(&ping(" --lab still")).expect(4).says("read-only");

    // What names no lab, or two, or one that cannot be told, does nothing.
    run(&ping(" --lab nroth")).expect(2).says("There is no lab `nroth`; did you mean `north`?");
    run(&ping(" --lab broken")).expect(2).says("config.toml:11: unknown key `ulr`");
    run(&ping(" --lab north --lab files")).expect(2).says("--lab north or --lab files");
    run(&ping(&format!(" --lab north --url {}", juice.url()))).expect(2).says("Give one of them");
    run("show abc --lab north,north").expect(2).says("named twice");
    assert!(!Path::new(&state).join("nroth").exists());
}

#[test]
fn the_header_and_the_folder_have_the_labs_name() {
    let Some(juice) = Juice::shared() else { return };
    let home = home(&format!("[labs.\"cellar-2\"]\nurl = '{}'\nhistory = true\n", juice.url()));
    let (name, value) = folder(&home);
    // The environment names a lab as well as the command line does; an address that is typed wins over it.
    let typed = (vec!["--lab", "cellar-2"], ("JUICETOP_URL", "ws://127.0.0.1:1"));
    let said = (Vec::new(), ("JUICETOP_LAB", "cellar-2"));
    for (args, env) in [typed, said] {
        let (args, env) = (args.as_slice(), [env, (name, value.as_str())]);
        let mut screen = Screen::start(args, (80, 24), &env);
        screen.wait_for("the lab by its name", |text| text.contains("cellar-2") && text.contains("● live"));
        screen.type_keys("q");
        assert!(screen.exit_status().success());
        assert!(screen.home().join(".local/state/juicetop/labs/cellar-2/history.db").exists());
    }
    let url = juice.url();
    let screen = Screen::start(&["--url", &url], (80, 24), &[(name, &value), ("JUICETOP_LAB", "cellar-2")]);
    screen.wait_for("the address", |text| text.contains(url.trim_start_matches("ws://")));
}
