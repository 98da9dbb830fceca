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
const MONITOR: &str = r#"
[juice_topic_monitoring_units.heater]
display_label = "Heater of the mixing chamber"
unit = "W"
monitored_topic = "cryo.heater_mc"
monitored_event_type = "orangeqs.juice.fridge.data_structures.PowerSettingPoint"
monitored_field = "power_setting"
warn_if_larger = 0.1
throttle_if_larger = 0.5
"#;

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
    let Some(mut juice) = Juice::private(&["cryo"]) else { return };
    let config = juice.config_dir();
    fs::write(config.join("parameter-monitor.toml"), MONITOR).unwrap();
    // The monitor takes what came in the last 5 s, which is how often the refrigerator reports by itself.
    fs::write(config.join("mock-fridge.toml"), "report_interval = 1.0\n").unwrap();
    juice.restart_service("cryo");
    juice.restart_service("task-manager");
    let url = juice.url();
    let mut tasks = Tasks::connect(&url).await;
    set(&mut tasks, 0.0).await;
    let mut watch = Program::start(&["watch", "--json", "--url", &url]);
    let mut screen = Screen::start(&["--url", &url], (140, 40), &[]);
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
        text.contains("sensors") && text.contains("thermometer_5") && text.contains("oil_temperature")
    });
    screen.type_keys("tab");
    screen.wait_for("what was told", |text| text.contains("heater: throttled, was warning, 0.75"));
    screen.type_keys("tab");
    screen.wait_for("the bus", |text| text.contains("ThrottleStateEvent") && text.contains("35 topics"));
    screen.type_keys("v");
    screen.wait_for("the message", |text| text.contains("last message of ComponentEnabledPoint.cryo"));
    set(&mut tasks, 0.0).await;
    watch.wait_for_json(at("SYSTEM", "safe"));
    screen.wait_for("the header without it", |text| !header(text).contains("throttled"));
    screen.assert_harmless();
}
