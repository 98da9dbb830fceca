//! The lab beside the tasks: Juice's own monitor watches a heater of its mock refrigerator, and throttles truly.

use std::fs;

use serde_json::{Value, json};

use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
    program::Program,
    pty::Screen,
};

/// What an administrator writes to have the mixing chamber's heater watched.
fn monitor(station: &str, package: &str) -> String {
    format!(
        r#"
[juice_topic_monitoring_units.heater]
display_label = "Heater of the mixing chamber"
unit = "W"
monitored_topic = "{station}.heater_mc"
monitored_event_type = "orangeqs.juice.{package}.data_structures.PowerSettingPoint"
monitored_field = "power_setting"
warn_if_larger = 0.1
throttle_if_larger = 0.5
"#
    )
}

async fn set(tasks: &mut Tasks, watts: f64) {
    let payload = json!({"component_id": "heater_mc", "power": watts});
    let reply = tasks.ask(Frame::new("cryo", "SetHeaterPower", payload).parallel()).await;
    assert_eq!(reply.json()["status"], "ok", "{:?}", reply.json());
}

fn at(id: &'static str, level: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["event"] == "throttle" && line["id"] == id && line["level"] == level
}

#[tokio::test]
async fn juices_monitor_throttles_and_the_screen_and_watch_say_by_what() {
    let Some(juice) = Juice::private(&["cryo"]) else { return };
    throttles(juice, "cryo", "fridge").await;
}

/// Until after 26.34.1 the refrigerator's service is the system monitor, by which name its events go whatever it is called.
#[tokio::test]
async fn the_system_monitor_of_26_34_1_is_read_as_a_refrigerator() {
    let Some(juice) = Juice::older("26.34.1", &["cryo"]) else { return };
    throttles(juice, "system-monitor", "system_monitor").await;
}

/// The same over ZeroMQ.
#[tokio::test]
async fn the_system_monitor_of_26_28_0_is_read_as_a_refrigerator() {
    let Some(juice) = Juice::older("26.28.0", &["cryo"]) else { return };
    throttles(juice, "system-monitor", "system_monitor").await;
}

/// The heater of the mock refrigerator is watched, and its power set. `station` is the first part of its topics, `package` the
/// one of Juice that makes its events.
async fn throttles(mut juice: Juice, station: &str, package: &str) {
    let config = juice.config_dir();
    fs::write(config.join("parameter-monitor.toml"), monitor(station, package)).unwrap();
    // The monitor takes what came in the last 5 s, which is how often the refrigerator reports by itself.
    let mock = format!("mock-{}.toml", package.replace('_', "-"));
    fs::write(config.join(mock), "report_interval = 1.0\n").unwrap();
    juice.restart_service("cryo");
    juice.restart_service("task-manager");
    let url = juice.url();
    let mut tasks = Tasks::connect(&url).await;
    set(&mut tasks, 0.0).await;
    let (config, runtime) = (config.display().to_string(), juice.run_dir().display().to_string());
    let files = ["--juice-config", &config, "--juice-run", &runtime];
    let mut watch = Program::start(&[&["watch", "--json"], &files[..]].concat());
    let mut screen = Screen::start(&files, (140, 40), &[]);
    screen.wait_until_it_hears();
    // A strip of the refrigerator's stages stands where the lanes leave room.
    screen.wait_for("the strip", |text| text.contains("Mixing Chamber 0.0") && text.contains("50K "));
    set(&mut tasks, 0.2).await;
    watch.wait_for_json(at("heater", "warning"));
    screen.wait_for("a warning", |text| text.contains("warned ") && text.contains("by heater 0.2"));
    set(&mut tasks, 0.75).await;
    let line = watch.wait_for_json(at("heater", "throttled"));
    assert_eq!((line["value"].as_str(), line["was"].as_str()), (Some("0.75"), Some("warning")), "{line}");
    let header = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    screen.wait_for("the header", |text| header(text).contains("throttled just now by heater 0.75"));
    screen.type_keys("b");
    screen.wait_for("the sensors", |text| {
        text.contains("sensors") && text.contains("thermometer_1") && text.contains("oil_temperature")
    });
    screen.type_keys("tab");
    screen.wait_for("what was told", |text| text.contains("heater: throttled, was warning, 0.75"));
    screen.type_keys("tab");
    screen.wait_for("the bus", |text| text.contains("ThrottleStateEvent") && text.contains("35 topics"));
    screen.type_keys("v");
    screen.wait_for("the message", |text| {
        text.contains(&format!("last message of ComponentEnabledPoint.{station}"))
    });
    set(&mut tasks, 0.0).await;
    watch.wait_for_json(at("SYSTEM", "safe"));
    screen.wait_for("the header without it", |text| !header(text).contains("throttled"));
    screen.assert_harmless();
}
