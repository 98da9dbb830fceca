//! Two labs on one screen, each a Juice of its own.

use std::{thread, time::Duration};

use serde_json::json;

use super::Program;
use crate::{
    common::{
        client::{Bus, Frame, Tasks},
        juice::Juice,
        proxy::Proxy,
        pty::Screen,
    },
    labs,
};

/// The section of a lab, reached this way.
fn section(name: &str, juice: &Juice, url: &str) -> String {
    let (config, run) = (juice.config_dir(), juice.run_dir());
    format!(
        "[labs.{name}]\nurl = '{url}'\njuice-config = '{}'\njuice-run = '{}'\n",
        config.display(),
        run.display()
    )
}

/// juicetop with this configuration.
fn start(config: &str, args: &[&str], size: (u16, u16)) -> Program {
    let home = labs::home(config);
    let (name, folder) = labs::folder(&home);
    Program { screen: Screen::start(args, size, &[(name, &folder)]), _config: home }
}

/// Waits until the north, which is in front, and the south are connected; the north is in front again.
fn both_live(screen: &mut Program) {
    screen.wait_until_it_hears();
    screen.type_keys("alt-l");
    screen.wait_for("the south", |text| text.contains("north  [south]"));
    screen.wait_until_it_hears();
    screen.type_keys("alt-l");
    screen.wait_for("the north", |text| text.contains("[north]"));
}

#[tokio::test]
async fn two_labs_on_one_screen_keep_to_themselves() {
    let (Some(north), Some(south)) = (Juice::private(&["bench"]), Juice::private(&["bench"])) else { return };
    let mut way = Proxy::to(&south.url());
    let list = section("north", &north, &north.url()) + &section("south", &south, &way.url());
    let args = ["--lab", "north", "--lab", "south", "--record", "night.jsonl"];
    // Before the program listens: the question by which this client learns that it is heard is a task too.
    let mut bus = Bus::open(&south.url()).await;
    let mut screen = start(&list, &args, (100, 40));
    screen.wait_for("both labs, and the first in front", |text| {
        text.contains("north  ● live") && text.contains("[north]  south ─") && text.contains("alt-l next lab")
    });
    both_live(&mut screen);

    // What runs in the other one is counted there, and seen here only as that.
    let mut tasks = Tasks::connect(&south.url()).await;
    let slow =
        tasks.send(Frame::new("bench", "Slow", json!({"seconds": 60})).named("Slow: in the south")).await;
    bus.task(&slow, "started").await;
    let text = screen.wait_for("what runs there", |text| text.contains("south ▶1"));
    assert!(text.contains("0 running") && !text.contains("in the south"), "{text}");

    // A task that is submitted here appears here only.
    screen.compose("bench", "Ping", "Ping");
    screen.type_keys("ctrl-s");
    screen.wait_for("its end", |text| text.contains("[north]") && text.contains("✔ ◆ Ping"));
    screen.type_keys("alt-l");
    let text = screen.wait_for("the other lab", |text| text.contains("north  [south]"));
    assert!(
        text.contains("in the south") && !text.contains("◆ Ping") && text.contains("1 running"),
        "{text}"
    );

    // The link of one is lost: the other goes on, and says so.
    screen.type_keys("alt-l");
    screen.wait_for("the first one", |text| text.contains("[north]"));
    way.cut();
    let text = screen.wait_for("the trouble", |text| text.contains("south lost since"));
    assert!(text.contains("north  ● live"), "{text}");
    let mut here = Tasks::connect(&north.url()).await;
    let reply = here.ask(Frame::new("bench", "Ping", json!({})).parallel().named("Ping: still there")).await;
    assert_eq!(reply.json()["status"], "ok");
    screen.wait_for("what goes on here", |text| text.contains("still there"));
    way.open();
    screen.wait_for("that it is back", |text| !text.contains("lost since"));

    screen.type_keys("q");
    assert!(screen.exit_status().success());
    // Each has a recording and a history of its own.
    for lab in ["north", "south"] {
        let text = std::fs::read_to_string(screen.home().join(format!("night-{lab}.jsonl"))).unwrap();
        assert_eq!(text.contains("in the south"), lab == "south", "{lab}");
        let folder = screen.home().join(".local/state/juicetop/labs").join(lab);
        assert!(folder.join("history.db").exists(), "{lab}");
    }
}

#[tokio::test]
async fn a_question_and_what_quitting_costs_belong_to_their_lab() {
    let (Some(north), Some(south)) = (Juice::private(&["bench"]), Juice::private(&["bench"])) else { return };
    let list = "lab = ['north', 'south']\n".to_owned()
        + &section("north", &north, &north.url())
        + &section("south", &south, &south.url());
    // Before the program listens: the question by which this client learns that it is heard is a task too.
    let mut bus = Bus::open(&south.url()).await;
    let mut screen = start(&list, &[], (80, 24));
    both_live(&mut screen);

    // A direct task that needs this terminal waits in the south for the one that runs.
    let mut tasks = Tasks::connect(&south.url()).await;
    let slow = tasks.send(Frame::new("bench", "Slow", json!({"seconds": 60}))).await;
    bus.task(&slow, "started").await;
    screen.wait_for("what runs there", |text| text.contains("south ▶1"));
    screen.type_keys("alt-l");
    screen.wait_for("the south", |text| text.contains("north  [south]"));
    screen.compose("bench", "Ping", "Ping");
    screen.type_keys("f3");
    screen.wait_for("its way", |text| text.contains("way    direct") && text.contains("lane   sequential"));
    screen.type_keys("ctrl-s");
    screen.wait_for("that it waits", |text| text.contains("1 waiting"));
    screen.type_keys("alt-l");
    // The smallest screen that shows anything of both.
    screen.resize(40, 12);
    screen.wait_for("the north", |text| text.contains("[north]  south ▶1"));

    // Quitting from the north names what is lost in the south, and the question stays where it was asked.
    screen.type_keys("q");
    screen.wait_for("what is lost", |text| text.contains("Leave juicetop?") && text.contains("south: "));
    screen.type_keys("alt-l");
    let text = screen.wait_for("the south", |text| text.contains("[south]"));
    assert!(!text.contains("Leave juicetop?") && text.contains("north asks"), "{text}");
    screen.type_keys("y");
    screen.type_keys("alt-l");
    screen.wait_for("the question again", |text| text.contains("Leave juicetop?"));
    assert!(!screen.has_ended());
    thread::sleep(Duration::from_millis(500));
    screen.type_keys("y");
    assert!(screen.exit_status().success());
}
