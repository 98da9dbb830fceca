//! What stands on the screen of what goes on beside the tasks.

use super::*;

/// What the monitor says each 5 s: of the whole, and of a parameter.
fn monitor(b: &mut Bench, id: &str, bits: i64, value: &str) {
    for (id, value) in [(id, value), ("SYSTEM", "null")] {
        let event = format!(r#"{{"throttled": {bits}, "value": {value}, "id": "{id}"}}"#);
        b.bus(&format!("ThrottleStateEvent.throttle_state.{id}."), &event);
    }
}

/// A sensor's reading.
fn temperature(b: &mut Bench, stage: &str, kelvin: f64) {
    let event = format!(
        r#"{{"service_name": "cryo", "component_id": "thermometry", "sensor_id": "sensor_{stage}", "level": "{stage}", "temperature": {kelvin}}}"#
    );
    b.bus(&format!("TemperaturePoint.cryo.thermometry.sensor_{stage}."), &event);
}

/// Ten minutes in which the mixing chamber warms up, with all that Juice's mock refrigerator says, and others.
pub(super) fn lab_beside(size: (u16, u16), charset: Charset) -> Bench {
    let mut b = lab(size, charset);
    monitor(&mut b, "mxc", 0, "0.010");
    for line in case("bus_fridge.jsonl").lines() {
        let field =
            |key: &str| crate::wire::json::get(line, key).and_then(crate::wire::json::string).unwrap();
        if !field("topic").starts_with("Throttle") {
            b.bus(&field("topic"), &field("event"));
        }
    }
    for n in 0..60 {
        b.later(5.0);
        temperature(&mut b, "50K", 48.0 + f64::from(n % 7) / 10.0);
        temperature(&mut b, "MXC", 0.010 + f64::from(n) / 5_000.0);
        b.bus("TelegrafCpuEvent.cpu.", &format!(r#"{{"usage_idle": {}.5, "token": "hunter2"}}"#, 90 - n % 9));
        if n % 12 == 0 {
            b.kernel("lab", "idle");
        }
    }
    monitor(&mut b, "mxc", 3, "0.0218");
    b.bus("AlertEvent.", r#"{"alert_topic": "mxc"}"#).bus("AlertEvent.", r#"{"alert_topic": "mxc"}"#);
    b.bus("PanelNotif.panel-notifs.", r#"{"level": 3, "msg": "the disk is nearly full"}"#);
    let heater = r#"{"component_id": "heater_mc", "service_name": "cryo", "enabled": true}"#;
    b.bus("ComponentEnabledPoint.cryo.heater_mc.", heater);
    b.msg(Msg::Wake);
    b.take();
    b
}

/// The view, after these keys.
pub(super) fn beside(size: (u16, u16), charset: Charset, keys: &str) -> Bench {
    let mut b = lab_beside(size, charset);
    b.keys("b").keys(keys);
    b
}

#[test]
fn the_view_of_the_lab() {
    for (size, charset, what) in [
        ((80, 24), Charset::Unicode, "80x24"),
        ((40, 12), Charset::Unicode, "40x12"),
        ((200, 50), Charset::Unicode, "200x50"),
        ((80, 24), Charset::Ascii, "ascii"),
    ] {
        let mut b = beside(size, charset, "j");
        insta::assert_snapshot!(format!("lab_sensors_{what}"), text(&b));
        b.keys("tab j");
        insta::assert_snapshot!(format!("lab_told_{what}"), text(&b));
        b.keys("tab G k k space");
        insta::assert_snapshot!(format!("lab_bus_{what}"), text(&b));
    }
}

#[test]
fn a_strip_of_sensors_stands_only_where_the_lanes_leave_room() {
    let mut b = lab_beside((200, 50), Charset::Unicode);
    b.shows("  50K 48.3 K  MXC 0.0218 K  ");
    b.keys("B").shows_not("MXC 0.0218").shows("sensors are left out");
    b.keys("B").shows("MXC 0.0218");
    // All of the lanes stand there as without it.
    let mut full = lab_beside((80, 24), Charset::Unicode);
    full.app.ui.strip = false;
    full.msg(Msg::Resize(80, 24));
    let without = full.lines();
    full.app.ui.strip = true;
    let with = full.lines();
    let rows = full.app.rows().len();
    if rows + 2 > full.app.lanes_height() {
        assert_eq!(with, without);
    } else {
        assert_eq!(with[..rows + 2], without[..rows + 2]);
    }
    b.msg(Msg::Resize(200, 9)).shows_not("MXC 0.0218");
    b.msg(Msg::Resize(40, 50)).shows_not("MXC 0.0218");
}

#[test]
fn the_newest_alert_stands_beside_the_strip_for_a_while() {
    let mut b = lab_beside((120, 50), Charset::Unicode);
    let frames = b.app.revision();
    b.later(1.0).bus("AlertEvent.", r#"{"alert_topic": "mixing\u001b[31m chamber"}"#);
    b.later(1.0).msg(Msg::Wake).shows("alert: mixing").shows("MXC 0.0218");
    assert_ne!(b.app.revision(), frames, "it is drawn though no sensor reads anything new");
    b.later(700.0);
    temperature(&mut b, "MXC", 0.5);
    b.later(1.0).msg(Msg::Wake).shows("MXC 0.5").shows_not("alert:");
}

/// How many frames two seconds of a flood make.
fn frames(b: &mut Bench, what: fn(&mut Bench, u32)) -> u32 {
    let mut frames = 0;
    for n in 0..400 {
        let before = b.app.revision();
        what(b.later(0.005), n);
        frames += u32::from(b.app.revision() != before);
    }
    frames
}

#[test]
fn what_is_heard_makes_frames_while_it_is_looked_at() {
    let mut b = beside((80, 24), Charset::Unicode, "");
    let event = |b: &mut Bench, _| _ = b.bus("TelegrafCpuEvent.cpu.", "{}");
    let reading = |b: &mut Bench, n: u32| temperature(b, "MXC", f64::from(n));
    assert!((3..=4).contains(&frames(&mut b, event)));
    // What came last is drawn as well, where nothing follows.
    b.bus("TelegrafCpuEvent.cpu.", "{}");
    let wake = b.app.wake_at(b.now).unwrap();
    assert!(wake <= b.now.mono + std::time::Duration::from_millis(500));
    b.keys("esc");
    b.msg(Msg::Resize(200, 50));
    assert_eq!(frames(&mut b, event), 0, "nothing of it stands in the strip");
    assert!((3..=4).contains(&frames(&mut b, reading)));
    b.keys("B");
    assert_eq!(frames(&mut b, reading), 0);
}

#[test]
fn no_frame_is_wished_while_the_strip_is_covered() {
    let reading = |b: &mut Bench, n: u32| temperature(b, "MXC", f64::from(n));
    // What stands above the lanes then, and whether the strip is seen beside it.
    for (size, keys, seen) in [
        ((200, 50), "enter", true),
        ((200, 50), "enter z", false),
        ((120, 50), "enter", false),
        ((200, 50), "f1", false),
        ((200, 50), "t", false),
        ((200, 4), "", false),
        ((40, 50), "", false),
    ] {
        let mut b = lab_beside((200, 50), Charset::Unicode);
        let short = crate::store::TaskKey("t1-2".into());
        b.app.ui.selected = Some(crate::app::lanes::Selected::task("lab".into(), short));
        assert!((3..=4).contains(&frames(&mut b, reading)), "the strip is seen");
        b.msg(Msg::Resize(size.0, size.1)).keys(keys);
        let layers = b.app.ui.layers.len();
        assert_eq!(layers, keys.split(' ').filter(|key| !matches!(*key, "" | "z")).count(), "{keys}");
        // What was wished before is over by then.
        b.later(1.0).msg(Msg::Wake);
        let frames = frames(&mut b, reading);
        let what = format!("{size:?} {keys:?} {frames}");
        assert_eq!((3..=4).contains(&frames), seen, "{what}");
        assert!(seen || (frames == 0 && b.app.beside_due().is_none()), "{what}");
        assert_eq!(b.lines().iter().any(|line| line.contains("MXC 399 K")), seen, "{what}");
    }
}

#[test]
fn what_waits_to_be_drawn_is_forgotten_where_it_is_covered_meanwhile_and_not_where_time_went_back() {
    let mut b = lab_beside((200, 50), Charset::Unicode);
    b.later(1.0).msg(Msg::Wake);
    temperature(&mut b, "MXC", 1.0);
    let due = b.app.beside_due().unwrap();
    assert_eq!(due, b.now.mono + std::time::Duration::from_millis(500));
    // It is not put off by what comes before it is due.
    b.later(0.4);
    temperature(&mut b, "MXC", 2.0);
    assert_eq!(b.app.beside_due(), Some(due));
    b.later(0.01).key("f1");
    let before = b.app.revision();
    temperature(b.later(0.2), "MXC", 2.5);
    assert_eq!((b.app.revision(), b.app.beside_due()), (before, None));
    // In a recording, time may go back: that is no reason to wait.
    b.key("esc");
    temperature(&mut b, "MXC", 3.0);
    let before = b.app.revision();
    b.app.ui.beside_seen.since = Some(b.now.mono + std::time::Duration::from_secs(3_600));
    temperature(&mut b, "MXC", 4.0);
    assert!(b.app.revision() > before && b.app.beside_due().is_none());
}

#[test]
fn the_last_message_opens_as_json_with_its_secrets_masked_and_tasks_are_left_to_the_lanes() {
    let mut b = beside((100, 30), Charset::Unicode, "tab tab");
    let find = |b: &mut Bench, name: &str| {
        b.keys("g");
        for _ in 0..40 {
            if b.lines().iter().any(|line| line.contains(name)) && on(b).contains(name) {
                return;
            }
            b.keys("j");
        }
        panic!("{name} is not there:\n{}", b.lines().join("\n"));
    };
    find(&mut b, "TelegrafCpuEvent");
    b.shows_not("hunter2");
    b.keys("v").shows("last message of TelegrafCpuEvent.cpu").shows("usage_idle").shows_not("hunter2");
    b.keys("esc");
    find(&mut b, "TaskEvent");
    b.keys("v").shows("the lanes are made of these");
    // A kernel's topic has its row as any other.
    find(&mut b, "IPythonServiceState");
    b.keys("enter j");
    assert!(on(&b).contains("Topic(\"IPythonServiceState.lab.\")"), "{}", on(&b));
    assert!(b.lines().iter().any(|line| line.starts_with("    lab ")), "{}", b.lines().join("\n"));
    b.keys("v").shows("the lanes are made of these").keys("enter");
    b.keys("k enter");
    find(&mut b, "ComponentEnabledPoint");
    b.keys("enter").shows("cryo.heater_mc").shows("35 topics");
    b.keys("j enter").shows("last message of ComponentEnabledPoint.cryo");
}

/// The name in the selected row.
fn on(b: &Bench) -> String {
    let Some(crate::app::Layer::Beside(view)) = b.app.ui.layers.last() else { panic!("{:?}", b.layers()) };
    format!("{:?}", view.selected())
}

#[test]
fn a_task_tells_what_the_lab_did_meanwhile() {
    let mut b = lab((100, 60), Charset::Unicode);
    b.bus(
        "ComponentEnabledPoint.cryo.heater_mc.",
        r#"{"component_id": "heater_mc", "service_name": "cryo", "enabled": false}"#,
    );
    temperature(&mut b, "MXC", 0.010);
    let long = Job { service: "cryo".into(), ..job("long") };
    b.later(60.0).runs(&long);
    for n in 0..24 {
        b.later(5.0);
        temperature(&mut b, "MXC", 0.010 + 0.004 * f64::from(12 - (n - 12_i32).abs()) / 12.0);
        temperature(&mut b, "50K", 48.0);
    }
    b.bus(
        "ComponentEnabledPoint.cryo.heater_mc.",
        r#"{"component_id": "heater_mc", "service_name": "cryo", "enabled": true}"#,
    );
    monitor(&mut b, "mxc", 2, "0.0218");
    b.bus("PanelNotif.panel-notifs.", r#"{"level": 2, "msg": "look\u001b[31m"}"#);
    b.completed(&long, r#"{"id": "long", "status": "ok", "result": 1}"#);
    for _ in 0..20 {
        b.later(10.0);
        temperature(&mut b, "MXC", 4.2);
    }
    b.app.ui.selected =
        Some(crate::app::lanes::Selected::task("cryo".into(), crate::store::TaskKey("long".into())));
    b.keys("z").shows("the lab meanwhile").shows("heater_mc              off, then on");
    b.shows("MXC                    0.01 to 0.01033 K, between 0.01 and 0.014")
        .shows("50K                    48 K");
    b.shows("mxc: throttled, 0.0218").shows("notice: look").shows_not("4.2");
    // One that began before anything was heard has nothing to tell, nor has one of an earlier run.
    let mut quiet = lab((100, 60), Charset::Unicode);
    quiet.app.ui.selected =
        Some(crate::app::lanes::Selected::task("lab".into(), crate::store::TaskKey("t1-2".into())));
    quiet.keys("z").shows("payload").shows_not("the lab meanwhile");
}

#[test]
fn hostile_names_and_words_stay_harmless_in_every_tab() {
    let mut b = lab((80, 24), Charset::Unicode);
    let bad = format!("\\u001b[31m\\u202e\\r\\n{}", "x".repeat(900));
    for n in 0..600 {
        let event = format!(
            r#"{{"service_name": "{bad}{n}", "component_id": "{bad}", "sensor_id": "{bad}", "level": "{bad}", "temperature": NaN, "pressure": 1e999, "unit": "{bad}", "message_id": "m", "message": "{bad}"}}"#
        );
        let class = ["TemperaturePoint", "PressurePoint", "StatusmessagePoint"][n % 3];
        b.bus(&format!("{class}.\u{1b}[31m.{n}."), &event);
        b.bus(&format!("\u{202e}Odd{n}.\u{9b}2J"), &event);
        b.bus("PanelNotif.panel-notifs.", &format!(r#"{{"level": 9, "msg": "{n}{bad}"}}"#));
        b.bus("AlertEvent.", &format!(r#"{{"alert_topic": "{bad}{n}"}}"#));
        monitor(&mut b, &format!("{bad}{n}"), 3, &format!("\"{bad}\""));
    }
    for keys in ["b", "j j j", "tab", "G", "tab", "j space j", "G v", "esc enter"] {
        b.keys(keys);
        let lines = b.lines();
        assert!(
            lines.iter().all(|line| !line.chars().any(crate::clean::acts)),
            "{keys}:\n{}",
            lines.join("\n")
        );
    }
    b.keys("esc esc").keys("b").shows("no room for");
}

fn header(b: &Bench) -> String {
    b.lines().remove(0)
}

#[test]
fn the_header_tells_that_the_lab_is_throttled_since_when_and_by_what() {
    for (size, just, later) in [
        ((80, 24), "live  throttled just now by mxc 0.0213 ", "live  throttled 12 min by mxc 0.02235 "),
        ((200, 50), "live  throttled just now by mxc 0.0213 ", "live  throttled 12 min by mxc 0.02235 "),
        ((40, 12), "thrott", "thrott"),
    ] {
        let mut b = lab(size, Charset::Unicode);
        monitor(&mut b, "mxc", 0, "0.011");
        assert!(!header(&b).contains("mxc"), "{}", header(&b));
        b.later(5.0);
        monitor(&mut b, "mxc", 3, "0.021304");
        assert!(header(&b).contains(just), "{}", header(&b));
        b.later(720.0);
        monitor(&mut b, "mxc", 2, "0.02234567");
        assert!(header(&b).contains(later), "{}", header(&b));
        // The monitor has stopped: it may be otherwise.
        b.later(40.0);
        let old = if size.0 > 80 { "throttled as of " } else { "thrott" };
        assert!(header(&b).contains(old), "{}", header(&b));
        monitor(&mut b, "mxc", 0, "0.01");
        assert!(!header(&b).contains("thrott"), "{}", header(&b));
    }
}

#[test]
fn what_was_not_seen_to_begin_lasts_at_least_so_long_and_a_missing_value_is_told() {
    let mut b = lab((120, 24), Charset::Unicode);
    monitor(&mut b, "mxc", 2, "null");
    b.later(130.0);
    monitor(&mut b, "mxc", 2, "null");
    assert!(header(&b).contains("throttled at least 2 min by mxc without a value"), "{}", header(&b));
    monitor(&mut b, "still", 2, "1.5");
    assert!(header(&b).contains(" by mxc without a value and 1 more"), "{}", header(&b));
}

#[test]
fn a_warning_stands_there_only_where_there_is_room() {
    let mut b = lab((200, 50), Charset::Unicode);
    monitor(&mut b, "mxc", 0, "0.01");
    b.later(5.0);
    monitor(&mut b, "mxc", 1, "0.018");
    b.later(180.0);
    monitor(&mut b, "mxc", 1, "0.018");
    assert!(header(&b).contains("live  warned 3 min by mxc 0.018 "), "{}", header(&b));
    let mut small = lab((40, 12), Charset::Unicode);
    let before = header(&small);
    monitor(&mut small, "mxc", 1, "0.018");
    assert_eq!(header(&small), before);
}

#[test]
fn no_name_of_a_parameter_pushes_anything_out_or_acts_on_the_terminal() {
    let mut b = lab((80, 24), Charset::Unicode);
    let name = format!("m\\u001b[31m\\u202e{}", "x".repeat(900));
    monitor(&mut b, &name, 2, "\"\\u001b]0;x\\u0007\"");
    let line = header(&b);
    assert!(line.contains("throttled") && line.contains("4▶"), "{line}");
    assert!(!line.chars().any(crate::clean::acts), "{line}");
}

#[test]
fn nothing_is_drawn_anew_for_what_is_not_seen() {
    let mut b = lab((80, 24), Charset::Unicode);
    // Until the last of what was doubted there is told.
    b.later(25.0);
    monitor(&mut b, "mxc", 0, "0.011");
    // None of these stands in the strip.
    let power = r#"{"service_name": "cryo", "component_id": "h", "power_setting": 4.2}"#;
    let mut before = b.app.revision();
    for n in 0..100 {
        b.later(0.1);
        monitor(&mut b, "mxc", 0, &format!("0.01{n}"));
        b.bus("PowerSettingPoint.cryo.h.", power);
        b.bus("TelegrafCpuEvent.cpu.", r#"{"usage_idle": 93.5}"#);
        assert_eq!(b.app.revision(), before, "{n}");
        before = b.app.revision();
    }
    monitor(&mut b, "mxc", 2, "0.03");
    assert!(b.app.revision() > before);
}

#[test]
fn no_unit_and_no_stage_takes_the_room_of_the_others_in_the_strip() {
    let mut b = lab((200, 50), Charset::Unicode);
    let bad = format!("\\u001b[31m\\u202e{}", "u".repeat(900));
    for reading in ["4.2", &format!("\"{bad}\"")] {
        let event = format!(
            r#"{{"service_name": "a", "component_id": "{bad}", "sensor_id": "{bad}", "level": "{bad}", "temperature": {reading}, "unit": "{bad}"}}"#
        );
        b.bus("TemperaturePoint.a.", &event);
        temperature(&mut b, "MXC", 0.0218);
        b.shows("MXC 0.0218 K").shows("uuu");
        assert!(b.lines().iter().all(|line| !line.chars().any(crate::clean::acts)));
    }
    // A value without end is no missing one.
    monitor(&mut b, "mxc", 2, &"9".repeat(4_000));
    assert!(header(&b).contains(" by mxc 99999"), "{}", header(&b));
}
