//! The events that are about no task: the monitor's, alerts, notices, and what the refrigerator reads.
//!
//! Fields and their meaning: `orangeqs.juice.schemas.parameter_monitor`, `.fridge.data_structures`, `.alerting` and
//! `.dashboard.utils` of orangeqs-juice-core 26.43.0. Anybody can publish classes with the same names, so what has not the
//! fields that it should have is kept as it came. Numbers stay as they were written.

use super::{
    Malformed, Text,
    event::{
        AlertEvent, Event, LONGEST_SAID, NoticeEvent, PointEvent, PointKind, Reading, SYSTEM, Said, Stamp,
        ThrottleEvent,
    },
    fields::{Fields, LONGEST_WORD, text_of},
    json::{self, Kind},
};

/// The classes of points with the field that names the sensor and the one that is read.
const POINTS: [(&str, PointKind, Option<&str>, &str); 7] = [
    ("TemperaturePoint", PointKind::Temperature, Some("sensor_id"), "temperature"),
    ("PressurePoint", PointKind::Pressure, Some("sensor_id"), "pressure"),
    ("FlowratePoint", PointKind::Flow, Some("sensor_id"), "flowrate"),
    ("ValvesettingPoint", PointKind::Valve, Some("valve_id"), "open"),
    ("ComponentEnabledPoint", PointKind::Enabled, None, "enabled"),
    ("PowerSettingPoint", PointKind::Power, None, "power_setting"),
    ("StatusmessagePoint", PointKind::Status, Some("message_id"), "message"),
];

impl Said {
    /// A message of the bus, its length bounded.
    pub fn new(topic: &str, event: &[u8]) -> Said {
        let end = topic.floor_char_boundary(LONGEST_WORD);
        let kept = if event.len() > LONGEST_SAID { &[] } else { event };
        Said { topic: topic[..end].into(), json: String::from_utf8_lossy(kept).into(), bytes: event.len() }
    }
}

/// The monitor's. It is the bus's heartbeat, so one that cannot be read is told.
pub(super) fn throttle(topic: &str, event: &str) -> Result<Event, Malformed> {
    let fields = Fields::read(event, "ThrottleStateEvent")?;
    let throttled = fields.required("throttled")?;
    let value = fields.raw("value").filter(|raw| json::kind(raw) != Some(Kind::Null));
    Ok(Event::Throttle(Box::new(ThrottleEvent {
        time: fields.stamp("time").unwrap_or_else(Stamp::missing),
        id: fields.word("id")?.unwrap_or_else(|| Text::from(SYSTEM)),
        throttled: throttled.parse().map_err(|_| {
            Malformed::new("the ThrottleStateEvent's `throttled` is not a whole number of 64 bits")
        })?,
        value: value.map(beginning),
        said: Said::new(topic, event.as_bytes()),
    })))
}

/// A value of no more than [`LONGEST_WORD`] bytes, or its beginning. That has an ellipsis, with which it is no JSON: the
/// first digits of a number are another number.
fn beginning(raw: &str) -> Text {
    const ELLIPSIS: &str = "…";
    if raw.len() <= LONGEST_WORD {
        return raw.into();
    }
    let end = raw.floor_char_boundary(LONGEST_WORD - ELLIPSIS.len());
    format!("{}{ELLIPSIS}", &raw[..end]).into()
}

/// Any other one. Nothing of it is refused.
pub(super) fn read(class: &str, topic: &str, event: &[u8]) -> Event {
    let said = Said::new(topic, event);
    known(class, &said).unwrap_or(Event::Other(said))
}

fn known(class: &str, said: &Said) -> Option<Event> {
    let point = POINTS.iter().find(|(known, ..)| *known == class);
    if point.is_none() && !matches!(class, "AlertEvent" | "PanelNotif") {
        return None;
    }
    let fields = Fields::read(&said.json, class).ok()?;
    let time = fields.stamp("time").unwrap_or_else(Stamp::missing);
    let word = |name: &str| fields.word(name).ok().flatten();
    let said = said.clone();
    Some(match point {
        Some(&(_, kind, sensor, field)) => Event::Point(Box::new(PointEvent {
            time,
            kind,
            service: word("service_name")?,
            component: word("component_id")?,
            sensor: match sensor {
                Some(name) => Some(word(name)?),
                None => None,
            },
            level: word("level").filter(|level| &**level != "N/A"),
            reading: reading(fields.raw(field)?)?,
            unit: word("unit").filter(|unit| !unit.is_empty()),
            output: fields.raw("output_power").and_then(reading).filter(|_| kind == PointKind::Power),
            said,
        })),
        None if class == "AlertEvent" => Event::Alert(AlertEvent { time, topic: word("alert_topic")?, said }),
        None => {
            let level = word("level").and_then(|level| level.parse().ok()).unwrap_or(1);
            Event::Notice(Box::new(NoticeEvent { time, level, text: fields.text("msg")?, said }))
        }
    })
}

/// A value that is no list and no object, and not without end.
fn reading(raw: &str) -> Option<Reading> {
    match json::kind(raw)? {
        Kind::Number if raw.len() <= LONGEST_WORD => Some(Reading::Number(raw.into())),
        Kind::Bool => json::boolean(raw).map(Reading::Flag),
        Kind::String => text_of(raw).map(Reading::Words),
        Kind::Null => Some(Reading::Nothing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::bus::{decode, encode};

    fn case(name: &str) -> Vec<(String, String)> {
        let path = format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let field = |line: &str, key: &str| json::get(line, key).and_then(json::string).unwrap().into_owned();
        text.lines().map(|line| (field(line, "topic"), field(line, "event"))).collect()
    }

    fn heard(topic: &str, event: &str) -> Event {
        decode(&encode(topic, event)).unwrap()
    }

    fn point(topic: &str, event: &str) -> PointEvent {
        match heard(topic, event) {
            Event::Point(point) => *point,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_juices_mock_refrigerator_says_is_read_with_its_numbers_as_they_were_written() {
        let mut kinds = std::collections::BTreeMap::new();
        for (topic, event) in case("bus_fridge.jsonl") {
            let heard = heard(&topic, &event);
            assert_eq!(&*heard.said().unwrap().json, event);
            assert_eq!(&*heard.said().unwrap().topic, topic);
            match heard {
                Event::Point(point) => {
                    assert!(point.time.at.is_some() && &*point.service == "cryo", "{topic}");
                    *kinds.entry(point.kind).or_insert(0) += 1;
                }
                Event::Throttle(throttle) => assert!(throttle.time.at.is_some()),
                other => panic!("{other:?}"),
            }
        }
        use PointKind::{Enabled, Flow, Power, Pressure, Status, Temperature};
        let counts = [(Temperature, 13), (Pressure, 10), (Flow, 1), (Power, 5), (Enabled, 35), (Status, 6)];
        assert_eq!(kinds, counts.into());
        let (topic, event) = &case("bus_fridge.jsonl")[10];
        let cold = point(topic, event);
        assert_eq!((cold.kind, cold.level.as_deref()), (PointKind::Temperature, Some("50K")), "{event}");
        assert_eq!(cold.sensor.as_deref(), Some("thermometer_1"));
        let Reading::Number(raw) = &cold.reading else { panic!("{cold:?}") };
        assert!(event.contains(&format!("\"temperature\":{raw}}}")), "{raw}");
    }

    #[test]
    fn numbers_of_python_stay_as_they_are() {
        let big = "9".repeat(400);
        for raw in ["NaN", "-Infinity", "1e-07", "0.1000", "12345678901234567890123", &big] {
            let event = format!(
                r#"{{"service_name": "cryo", "component_id": "t", "sensor_id": "s", "level": "N/A", "temperature": {raw}}}"#
            );
            let point = point("TemperaturePoint.cryo.t.s.", &event);
            assert_eq!(point.reading, Reading::Number(raw.into()));
            assert_eq!(point.level, None, "no stage was given");
            assert_eq!(point.time, Stamp::missing());
        }
        // pydantic writes what is no number so.
        let power = r#"{"component_id": "h", "service_name": "cryo", "power_setting": 0.5, "unit": "W", "output_power": null}"#;
        let power = point("PowerSettingPoint.cryo.h.", power);
        assert_eq!((power.output, power.sensor), (Some(Reading::Nothing), None));
        let valve = r#"{"component_id": "ghs", "service_name": "cryo", "valve_id": "v9", "open": true}"#;
        assert_eq!(point("ValvesettingPoint.cryo.ghs.v9.", valve).reading, Reading::Flag(true));
    }

    #[test]
    fn what_has_other_fields_than_it_should_is_kept_as_it_came() {
        let endless = "x".repeat(LONGEST_WORD + 1);
        let events = [
            ("TemperaturePoint.x.", "{}".to_owned()),
            ("TemperaturePoint.x.", "[1, 2]".to_owned()),
            ("TemperaturePoint.x.", "no JSON at all".to_owned()),
            (
                "TemperaturePoint.x.",
                r#"{"service_name": "a", "component_id": "b", "sensor_id": "c", "temperature": [1]}"#
                    .to_owned(),
            ),
            (
                "PressurePoint.x.",
                format!(
                    r#"{{"service_name": "{endless}", "component_id": "b", "sensor_id": "c", "pressure": 1}}"#
                ),
            ),
            ("AlertEvent.", r#"{"alert_topic": null}"#.to_owned()),
            ("PanelNotif.panel-notifs.", r#"{"level": 3}"#.to_owned()),
            ("TelegrafCpuEvent.cpu.", r#"{"usage_idle": 3.5}"#.to_owned()),
        ];
        for (topic, event) in events {
            let Event::Other(said) = heard(topic, &event) else { panic!("{topic} {event}") };
            assert_eq!((&*said.topic, &*said.json, said.bytes), (topic, event.as_str(), event.len()));
        }
    }

    #[test]
    fn alerts_and_notices_are_read_and_what_is_large_is_only_measured() {
        let Event::Alert(alert) =
            heard("AlertEvent.", r#"{"time": "2026-12-01T02:06:14Z", "alert_topic": "mxc"}"#)
        else {
            panic!()
        };
        assert!(&*alert.topic == "mxc" && alert.time.at.is_some());
        for (level, read) in [("3", 3), ("\"2\"", 2), ("{}", 1), ("1e9", 1)] {
            let event = format!(r#"{{"level": {level}, "msg": "disk \u001b[31m full"}}"#);
            let Event::Notice(notice) = heard("PanelNotif.panel-notifs.", &event) else { panic!("{event}") };
            assert_eq!((notice.level, &*notice.text), (read, "disk \u{1b}[31m full"));
        }
        let large = format!(r#"{{"wave": "{}"}}"#, "x".repeat(LONGEST_SAID));
        let Event::Other(said) = heard(&"Wave.".repeat(1_000), &large) else { panic!() };
        assert_eq!((said.json.len(), said.bytes, said.topic.len()), (0, large.len(), LONGEST_WORD));
        // It need not be UTF-8 to be counted.
        let mut frame = encode("Wave.", "");
        let end = frame.len() - 1;
        frame[end] = 2;
        frame.extend([0xff, b'!']);
        let Event::Other(said) = decode(&frame).unwrap() else { panic!() };
        assert_eq!(&*said.json, "\u{fffd}!");
    }

    #[test]
    fn the_monitor_tells_of_a_parameter_and_of_the_whole() {
        let Event::Throttle(of) = heard(
            "ThrottleStateEvent.throttle_state.mxc.",
            r#"{"time":"2026-12-01T02:06:14.272939Z","throttled":3,"value":0.0213,"id":"mxc"}"#,
        ) else {
            panic!()
        };
        assert_eq!((&*of.id, of.throttled, of.value.as_deref()), ("mxc", 3, Some("0.0213")));
        let Event::Throttle(of) = heard("ThrottleStateEvent.", r#"{"throttled": 2, "value": null}"#) else {
            panic!()
        };
        assert_eq!((&*of.id, of.throttled, of.value), (SYSTEM, 2, None));
        // That the monitor has none is said of no value, however long it is.
        for (endless, begins) in [
            ("9".repeat(4_000), "99"),
            (format!("\"{}\"", "°".repeat(9_000)), "\"°"),
            (format!("[{}]", " ".repeat(2_000)), "[ "),
        ] {
            let event = format!(r#"{{"throttled": 2, "value": {endless}, "id": "mxc"}}"#);
            let Event::Throttle(of) = heard("ThrottleStateEvent.", &event) else { panic!() };
            let value = of.value.unwrap();
            assert!(
                value.starts_with(begins) && value.ends_with('…') && value.len() <= LONGEST_WORD,
                "{value}"
            );
            assert_eq!((json::number(&value), json::string(&value)), (None, None));
        }
        for odd in ["{}", r#"{"throttled": "often"}"#, r#"{"throttled": 99999999999999999999}"#] {
            assert!(decode(&encode("ThrottleStateEvent.", odd)).is_err(), "{odd}");
        }
    }
}
