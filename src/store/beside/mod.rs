//! The lab beside the tasks: whether it is throttled, what its sensors read, alerts and notices, and all that passes on the bus.
//!
//! Everything here is bounded: names beyond the limits are counted and passed over ([`MOST_SENSORS`] and its like), a sensor's
//! past is kept in slices of time that become longer (`trail`), of a topic only the last message stays (`topics`), and of words
//! their beginning. It refuses to say why experiments wait: the monitor tells
//! that the lab is throttled, whoever runs experiments decides what that means.
//!
//! Moments are those of arrival. What an event says of its own time only tells whether it came late.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

mod topics;
mod trail;

pub use topics::{Class, MESSAGES, MOST_CLASSES, MOST_TOPICS, Tally, Topic, Topics};
pub use trail::{Course, RECENT};

use trail::Trail;

use crate::{
    time::Now,
    wire::{
        Text,
        event::{Event, PointEvent, PointKind, Reading, SYSTEM, Stamp, ThrottleEvent},
        json,
    },
};

/// Sensors and parameters beyond these are passed over, as [topics](MOST_TOPICS) are: a bus full of made-up names must not fill the memory.
pub const MOST_SENSORS: usize = 500;
/// See [`MOST_SENSORS`].
pub const MOST_PARAMETERS: usize = 200;
/// So many alerts, notices and changes are kept.
pub const MOST_TOLD: usize = 200;
/// Of a notice's words, and of words where a number might stand, so much is kept, bytes. All other texts are words of
/// the wire, which are bounded there.
const LONGEST_WORDS: usize = 2_000;
/// What a sensor, a topic or something told takes beside its texts, bytes.
const SENSOR: usize = 512;
const TOPIC: usize = 256;

/// The monitor tells of everything each 5 s; what it has not told for so long may be otherwise.
pub const MONITOR_SILENT: Duration = Duration::from_secs(30);
/// An event that is older than the last one by less came late; by more, its clock was set.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// An alert that comes again is one with the last few.
const ALIKE: usize = 8;

/// Everything that is known of it.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    revision: u64,
    /// Goes up with what a sensor reads anew.
    readings: u64,
    parameters: BTreeMap<Text, Parameter>,
    sensors: BTreeMap<SensorKey, Sensor>,
    told: VecDeque<Told>,
    /// The number of the last thing told.
    last_told: u64,
    topics: Topics,
    passed_over: PassedOver,
    /// What all but the topics takes.
    bytes: usize,
}

/// Events about names for which there was no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Of sensors.
    pub sensors: u64,
    /// Of parameters.
    pub parameters: u64,
    /// Of topics.
    pub topics: u64,
}

/// How throttled something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    #[default]
    Safe,
    /// Near it.
    Warned,
    /// It is.
    Throttled,
}

impl Level {
    /// Of the bits of a [`ThrottleEvent`].
    fn of(bits: i64) -> Level {
        match bits {
            _ if bits & 2 != 0 => Level::Throttled,
            _ if bits & 1 != 0 => Level::Warned,
            _ => Level::Safe,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Safe => "safe",
            Level::Warned => "warning",
            Level::Throttled => "throttled",
        }
    }
}

/// One parameter that the monitor watches, or the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its `id`.
    pub id: Text,
    /// How it is.
    pub level: Level,
    /// Since when.
    pub since: Now,
    /// It was seen to become so. Else it was so already when it was first heard of, or heard of again.
    pub seen: bool,
    /// Its value as JSON; `None`: the monitor has none, and throttles for that.
    pub value: Option<Text>,
    /// When it was last told.
    pub heard: Now,
    time: Option<DateTime<Utc>>,
    /// The bus was lost since.
    lost: bool,
}

impl Parameter {
    fn bytes(&self) -> usize {
        TOPIC + 2 * self.id.len() + self.value.as_ref().map_or(0, |value| value.len())
    }
}

/// Which sensor. They are listed in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensorKey {
    /// The quantity.
    pub kind: PointKind,
    /// The service that reads it.
    pub service: Text,
    /// The device.
    pub component: Text,
    /// The sensor, where the device has several.
    pub sensor: Text,
}

impl SensorKey {
    /// Whether the sensor is a stage of the refrigerator: a thermometer that names one.
    pub fn is_stage(&self, sensor: &Sensor) -> bool {
        self.kind == PointKind::Temperature && sensor.level.is_some()
    }
}

/// One sensor, or one setting.
#[derive(Clone, Debug)]
pub struct Sensor {
    /// A thermometer's stage, a message's level.
    pub level: Option<Text>,
    /// What it last read.
    pub reading: Reading,
    /// The unit.
    pub unit: Option<Text>,
    /// Of a power setting: what is given.
    pub output: Option<Reading>,
    /// When it was last heard.
    pub heard: Now,
    /// What it read before it read something else, and when it changed; of words and flags.
    pub changed: Option<(Reading, Now)>,
    /// The topic of its messages.
    pub topic: Text,
    time: Option<DateTime<Utc>>,
    /// The longest of the last pauses between two readings.
    pause: Option<Duration>,
    recent: Trail,
    whole: Trail,
}

impl Sensor {
    /// What it read lately, one number a slice of ten seconds, the newest last; `None` where nothing was read.
    pub fn trend(&self, slices: usize, now: Now) -> Vec<Option<f64>> {
        self.recent.lately(slices, now.mono)
    }

    /// What it read from one moment to another (monotonic), as far as that was kept; of a flag 0 and 1.
    pub fn within(&self, from: Duration, until: Duration) -> Option<Course> {
        let trail = if self.recent.reaches(from) { &self.recent } else { &self.whole };
        trail.within(from, until)
    }

    /// It is silent for longer than it usually is.
    pub fn is_silent(&self, now: Now) -> bool {
        now.since(self.heard) > self.silent_after()
    }

    /// How long it may be silent.
    fn silent_after(&self) -> Duration {
        // Of one that was heard once nobody knows how often it speaks.
        self.pause.map_or(Duration::from_secs(120), |pause| pause * 3 + Duration::from_secs(5))
    }

    fn bytes(&self) -> usize {
        let words = |reading: &Reading| match reading {
            Reading::Number(text) | Reading::Words(text) => text.len(),
            Reading::Flag(_) | Reading::Nothing => 0,
        };
        let texts = [&self.level, &self.unit].into_iter().flatten().map(|text| text.len()).sum::<usize>();
        let readings = [Some(&self.reading), self.output.as_ref(), self.changed.as_ref().map(|(was, _)| was)];
        let readings = readings.into_iter().flatten().map(words).sum::<usize>();
        SENSOR + self.recent.bytes() + self.whole.bytes() + texts + readings + self.topic.len()
    }
}

/// What happened at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number, which it keeps.
    pub id: u64,
    /// A number that goes up, also when it comes again.
    pub number: u64,
    /// When, the last time.
    pub at: Now,
    /// When it came first, and how often it has come.
    pub first: Now,
    /// See there.
    pub times: u64,
    /// What.
    pub what: What,
}

/// See [`Told`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A parameter, or the whole, is at another level.
    Level {
        /// Which.
        id: Text,
        /// How it was; `None`: it was never heard of before.
        was: Option<Level>,
        /// How it is.
        is: Level,
        /// Its value as JSON.
        value: Option<Text>,
    },
    /// An alert was sent.
    Alert {
        /// What it is about.
        topic: Text,
    },
    /// A dashboard showed this.
    Notice {
        /// 0 debug, 1 information, 2 warning, 3 error.
        level: i64,
        /// What it says.
        text: Text,
    },
}

impl Beside {
    /// Goes up with everything that is heard here. It is apart from the store's own: most of the time nobody looks.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Goes up where a sensor reads something else than before, and where an alert or a notice comes: what a strip shows.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// What it takes, bytes: an estimate.
    pub fn bytes(&self) -> usize {
        self.bytes + self.topics.bytes()
    }

    /// Takes in an event. Whether something changed that stands in the header.
    pub(super) fn hear(&mut self, event: &Event, now: Now) -> bool {
        self.revision += 1;
        self.topics.count(event, now);
        match event {
            Event::Throttle(event) => return self.throttle(event, now),
            Event::Point(event) => self.point(event, now),
            Event::Alert(event) => self.tell(What::Alert { topic: event.topic.clone() }, now),
            Event::Notice(event) => {
                let text = shortened(&event.text);
                self.tell(What::Notice { level: event.level, text }, now);
            }
            Event::Task(_) | Event::Service(_) | Event::Scheduled(_) | Event::Other(_) => {}
        }
        false
    }

    /// The bus was lost: what is told next may have begun anew meanwhile.
    pub(super) fn lose_sight(&mut self) {
        self.parameters.values_mut().for_each(|parameter| parameter.lost = true);
    }

    fn throttle(&mut self, event: &ThrottleEvent, now: Now) -> bool {
        let level = Level::of(event.throttled);
        let Some(known) = self.parameters.get_mut(&event.id) else {
            // The whole is always known.
            if self.parameters.len() >= MOST_PARAMETERS && &*event.id != SYSTEM {
                self.passed_over.parameters += 1;
                return false;
            }
            let (id, value) = (event.id.clone(), event.value.clone());
            let parameter = Parameter {
                id: id.clone(),
                level,
                since: now,
                seen: false,
                value: value.clone(),
                heard: now,
                time: event.time.at,
                lost: false,
            };
            self.bytes += parameter.bytes();
            self.parameters.insert(id.clone(), parameter);
            if level > Level::Safe {
                self.tell(What::Level { id, was: None, is: level, value }, now);
            }
            return level > Level::Safe;
        };
        if came_late(known.time, &event.time) {
            return false;
        }
        let was = known.level;
        let silent = now.since(known.heard) > MONITOR_SILENT;
        // In the header stands what is not safe, with its value.
        let shown = known.value != event.value && level > Level::Safe;
        if was != level {
            (known.level, known.since, known.seen) = (level, now, !known.lost && !silent);
        } else if known.lost {
            (known.since, known.seen) = (now, false);
        }
        let news = known.lost && level > Level::Safe;
        known.lost = false;
        self.bytes -= known.bytes();
        (known.value, known.heard, known.time) = (event.value.clone(), now, event.time.at);
        self.bytes += known.bytes();
        if was != level {
            let (id, value) = (event.id.clone(), event.value.clone());
            self.tell(What::Level { id, was: Some(was), is: level, value }, now);
        }
        was != level || shown || news || (silent && level > Level::Safe)
    }

    fn point(&mut self, event: &PointEvent, now: Now) {
        let key = SensorKey {
            kind: event.kind,
            service: event.service.clone(),
            component: event.component.clone(),
            sensor: event.sensor.clone().unwrap_or_default(),
        };
        let reading = bounded(&event.reading);
        if !self.sensors.contains_key(&key) {
            if self.sensors.len() >= MOST_SENSORS {
                self.passed_over.sensors += 1;
                return;
            }
            self.bytes += key.service.len() + key.component.len() + key.sensor.len();
            let sensor = Sensor {
                level: None,
                reading: reading.clone(),
                unit: None,
                output: None,
                heard: now,
                changed: None,
                topic: event.said.topic.clone(),
                time: None,
                pause: None,
                recent: Trail::recent(),
                whole: Trail::whole(),
            };
            self.bytes += sensor.bytes();
            self.readings += 1;
            self.sensors.insert(key.clone(), sensor);
        }
        let Some(sensor) = self.sensors.get_mut(&key) else { return };
        if came_late(sensor.time, &event.time) {
            return;
        }
        self.bytes -= sensor.bytes();
        let pause = now.since(sensor.heard);
        // A burst tells nothing of how long it is silent in between; one long silence is forgotten in the end.
        if pause >= Duration::from_millis(100) {
            sensor.pause = Some(sensor.pause.map_or(pause, |known| pause.max(known - known / 8)));
        }
        if let Some(value) = value_of(&reading) {
            sensor.recent.add(value, now.mono);
            sensor.whole.add(value, now.mono);
        }
        if sensor.reading != reading && !matches!(reading, Reading::Number(_)) {
            sensor.changed = Some((sensor.reading.clone(), now));
        }
        self.readings += u64::from(sensor.reading != reading);
        sensor.reading = reading;
        (sensor.level, sensor.unit) = (event.level.clone(), event.unit.clone());
        (sensor.output, sensor.heard) = (event.output.as_ref().map(bounded), now);
        sensor.time = event.time.at;
        self.bytes += sensor.bytes();
    }

    fn tell(&mut self, what: What, now: Now) {
        self.last_told += 1;
        self.readings += u64::from(!matches!(what, What::Level { .. }));
        let number = self.last_told;
        let same = match &what {
            What::Level { .. } => None,
            _ => self.told.iter().rev().take(ALIKE).position(|told| told.what == what),
        };
        let again = same.and_then(|back| self.told.remove(self.told.len() - 1 - back));
        if again.is_none() {
            self.bytes += weight(&what);
        }
        let told = match again {
            Some(told) => Told { number, at: now, times: told.times + 1, ..told },
            None => Told { id: number, number, at: now, first: now, times: 1, what },
        };
        self.told.push_back(told);
        if self.told.len() > MOST_TOLD
            && let Some(gone) = self.told.pop_front()
        {
            self.bytes -= weight(&gone.what);
        }
    }

    /// The whole lab, as the monitor last told; `None`: it never did.
    pub fn system(&self) -> Option<&Parameter> {
        self.parameter(SYSTEM)
    }

    /// The parameters that are at least so throttled, those that are longest so first.
    pub fn causes(&self, level: Level) -> Vec<&Parameter> {
        let is = |parameter: &&Parameter| parameter.level >= level && &*parameter.id != SYSTEM;
        let mut causes: Vec<&Parameter> = self.parameters.values().filter(is).collect();
        causes.sort_by_key(|parameter| (std::cmp::Reverse(parameter.level), parameter.since.mono));
        causes
    }

    /// All parameters with the whole, by their names.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.values()
    }

    /// One of them, by its `id`.
    pub fn parameter(&self, id: &str) -> Option<&Parameter> {
        self.parameters.get(id)
    }

    /// All sensors in their order.
    pub fn sensors(&self) -> impl Iterator<Item = (&SensorKey, &Sensor)> {
        self.sensors.iter()
    }

    /// One of them.
    pub fn sensor(&self, key: &SensorKey) -> Option<&Sensor> {
        self.sensors.get(key)
    }

    /// What was told, the newest first.
    pub fn told(&self) -> impl DoubleEndedIterator<Item = &Told> {
        self.told.iter().rev()
    }

    /// All that passes on the bus.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// One topic, with its name as it is kept.
    pub fn topic(&self, topic: &str) -> Option<(&Text, &Topic)> {
        self.topics.topic(topic)
    }

    /// What there was no room for.
    pub fn passed_over(&self) -> PassedOver {
        PassedOver { topics: self.topics.passed_over(), ..self.passed_over }
    }
}

/// The number that a reading is: of a flag 0 or 1. `None`: it has none that a course could be drawn of.
fn value_of(reading: &Reading) -> Option<f64> {
    match reading {
        Reading::Number(raw) => json::number(raw).filter(|value| value.is_finite()),
        Reading::Flag(on) => Some(f64::from(u8::from(*on))),
        Reading::Words(_) | Reading::Nothing => None,
    }
}

/// Whether the second one was made before the first. By more than a minute, a clock was set.
fn came_late(known: Option<DateTime<Utc>>, new: &Stamp) -> bool {
    let (Some(known), Some(new)) = (known, new.at) else { return false };
    let behind = known - new;
    behind > TimeDelta::zero() && behind < LATE
}

/// A reading, of words their beginning.
fn bounded(reading: &Reading) -> Reading {
    match reading {
        Reading::Words(text) => Reading::Words(shortened(text)),
        reading => reading.clone(),
    }
}

fn shortened(text: &Text) -> Text {
    let end = text.floor_char_boundary(LONGEST_WORDS);
    if end == text.len() { text.clone() } else { text[..end].into() }
}

fn weight(what: &What) -> usize {
    let text = match what {
        What::Level { id, value, .. } => id.len() + value.as_ref().map_or(0, |value| value.len()),
        What::Alert { topic } => topic.len(),
        What::Notice { text, .. } => text.len(),
    };
    TOPIC + text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::bus::{decode, encode};

    fn hear(beside: &mut Beside, topic: &str, event: &str, at: f64) -> bool {
        beside.hear(&decode(&encode(topic, event)).unwrap(), Now::at(at))
    }

    fn throttle(beside: &mut Beside, id: &str, bits: i64, value: &str, at: f64) -> bool {
        let event = format!(r#"{{"throttled": {bits}, "value": {value}, "id": "{id}"}}"#);
        hear(beside, &format!("ThrottleStateEvent.throttle_state.{id}."), &event, at)
    }

    fn temperature(beside: &mut Beside, sensor: &str, value: &str, at: f64) {
        let event = format!(
            r#"{{"service_name": "cryo", "component_id": "t", "sensor_id": "{sensor}", "level": "50K", "temperature": {value}}}"#
        );
        hear(beside, &format!("TemperaturePoint.cryo.t.{sensor}."), &event, at);
    }

    fn only(beside: &Beside) -> &Sensor {
        let mut sensors = beside.sensors();
        let (_, sensor) = sensors.next().unwrap();
        assert!(sensors.next().is_none());
        sensor
    }

    #[test]
    fn the_lab_is_throttled_since_that_was_seen_and_by_the_parameter_that_says_so() {
        let mut lab = Beside::default();
        assert!(lab.system().is_none());
        for at in [0.0, 5.0] {
            assert!(!throttle(&mut lab, "mxc", 0, "0.01", at));
            assert!(!throttle(&mut lab, "SYSTEM", 0, "null", at));
        }
        assert!(throttle(&mut lab, "mxc", 1, "0.018", 10.0));
        assert!(throttle(&mut lab, "SYSTEM", 1, "null", 10.0));
        assert!(throttle(&mut lab, "mxc", 3, "0.03", 15.0));
        assert!(throttle(&mut lab, "SYSTEM", 3, "null", 15.0));
        // Only its value moves on.
        assert!(throttle(&mut lab, "mxc", 3, "0.031", 20.0));
        assert!(!throttle(&mut lab, "mxc", 3, "0.031", 25.0));
        throttle(&mut lab, "still", 1, "1.3", 25.0);
        let system = lab.system().unwrap();
        assert_eq!((system.level, system.since, system.seen), (Level::Throttled, Now::at(15.0), true));
        let causes = |level| lab.causes(level).into_iter().map(|p| &*p.id).collect::<Vec<_>>();
        assert_eq!(causes(Level::Throttled), ["mxc"]);
        assert_eq!(causes(Level::Warned), ["mxc", "still"]);
        let told: Vec<_> = lab.told().map(|told| told.what.clone()).collect();
        assert_eq!(told.len(), 5);
        let first =
            What::Level { id: "still".into(), was: None, is: Level::Warned, value: Some("1.3".into()) };
        assert_eq!(told[0], first);
    }

    #[test]
    fn since_when_is_not_claimed_where_that_was_not_seen() {
        let mut lab = Beside::default();
        throttle(&mut lab, "SYSTEM", 2, "null", 100.0);
        assert!(!lab.system().unwrap().seen, "it was so already");
        throttle(&mut lab, "SYSTEM", 0, "null", 105.0);
        throttle(&mut lab, "SYSTEM", 2, "null", 110.0);
        assert!(lab.system().unwrap().seen);
        // It may have been safe meanwhile.
        lab.lose_sight();
        throttle(&mut lab, "SYSTEM", 2, "null", 300.0);
        let system = lab.system().unwrap();
        assert_eq!((system.since, system.seen), (Now::at(300.0), false));
        // The monitor had been silent for long before it said so.
        throttle(&mut lab, "SYSTEM", 0, "null", 305.0);
        throttle(&mut lab, "SYSTEM", 2, "null", 400.0);
        assert!(!lab.system().unwrap().seen);
    }

    #[test]
    fn a_sensors_course_is_known_lately_and_over_a_long_time() {
        let mut lab = Beside::default();
        // A day, each 5 s: it rises by one a minute.
        for n in 0..17_280_u32 {
            temperature(&mut lab, "a", &format!("{}.5", n / 12), f64::from(n) * 5.0);
        }
        let sensor = only(&lab);
        let now = Now::at(17_279.0 * 5.0);
        let minutes = |m: u64| Duration::from_secs(m * 60);
        let lately = sensor.within(minutes(1_436), minutes(1_438)).unwrap();
        assert_eq!((lately.first, lately.last, lately.max), (1435.5, 1438.5, 1438.5));
        let all = sensor.within(Duration::ZERO, now.mono).unwrap();
        assert_eq!((all.first, all.min, all.max, all.last), (0.5, 0.5, 1439.5, 1439.5));
        // Of an hour long ago at the resolution that is left.
        let hour = sensor.within(minutes(600), minutes(660)).unwrap();
        assert!((580.0..=600.5).contains(&hour.first) && (660.5..680.0).contains(&hour.last), "{hour:?}");
        let trend = sensor.trend(60, now);
        assert!(trend.iter().all(Option::is_some), "{trend:?}");
        assert_eq!((trend[0], trend[59]), (Some(1430.5), Some(1439.5)));
        // It is silent from then on.
        let trend = sensor.trend(6, Now::at(17_279.0 * 5.0 + 30.0));
        assert_eq!(trend[3..], [None, None, None]);
        assert!(sensor.bytes() < 12_000, "{}", sensor.bytes());
        // Where nothing was read, it is what it was.
        let later = sensor.within(now.mono + minutes(5), now.mono + minutes(6)).unwrap();
        assert_eq!((later.first, later.last), (1439.5, 1439.5));
    }

    #[test]
    fn one_that_falls_silent_is_told_by_its_own_pace() {
        let mut lab = Beside::default();
        temperature(&mut lab, "a", "1", 0.0);
        assert!(!only(&lab).is_silent(Now::at(100.0)), "nobody knows yet how often it speaks");
        assert!(only(&lab).is_silent(Now::at(121.0)));
        temperature(&mut lab, "a", "1", 5.0);
        assert!(!only(&lab).is_silent(Now::at(24.0)));
        assert!(only(&lab).is_silent(Now::at(26.0)));
        // One each minute is not silent for so long.
        for n in 0..5 {
            temperature(&mut lab, "a", "1", 100.0 + f64::from(n) * 60.0);
        }
        assert!(!only(&lab).is_silent(Now::at(100.0 + 240.0 + 120.0)));
    }

    #[test]
    fn what_comes_late_changes_nothing_and_a_clock_that_was_set_does_not_stop_it() {
        let mut lab = Beside::default();
        let point = |lab: &mut Beside, time: &str, value: &str, at: f64| {
            let event = format!(
                r#"{{"time": "2026-12-01T{time}Z", "service_name": "a", "component_id": "b", "enabled": {value}}}"#
            );
            hear(lab, "ComponentEnabledPoint.a.b.", &event, at);
        };
        point(&mut lab, "10:00:05", "true", 0.0);
        point(&mut lab, "10:00:00", "false", 0.1);
        assert_eq!(only(&lab).reading, Reading::Flag(true));
        point(&mut lab, "07:00:10", "false", 5.0);
        assert_eq!(only(&lab).reading, Reading::Flag(false), "its clock was set back");
        assert_eq!(only(&lab).changed, Some((Reading::Flag(true), Now::at(5.0))));
        let course = only(&lab).within(Duration::ZERO, Duration::from_secs(9)).unwrap();
        assert_eq!((course.first, course.last), (1.0, 0.0));
    }

    #[test]
    fn no_number_of_names_or_messages_fills_the_memory() {
        let mut lab = Beside::default();
        let endless = "n".repeat(900);
        let large = format!(r#"{{"wave": "{}"}}"#, "x".repeat(60_000));
        for n in 0..100_000_u32 {
            let at = f64::from(n) / 1_000.0;
            match n % 4 {
                0 => temperature(&mut lab, &format!("{endless}{n}"), "NaN", at),
                1 => _ = throttle(&mut lab, &format!("{endless}{n}"), 3, "1e999", at),
                2 => _ = hear(&mut lab, &format!("{endless}{n}."), &large, at),
                _ => _ = hear(&mut lab, &format!("Wave.{endless}{n}."), &large, at),
            }
        }
        for n in 0..1_000 {
            let notice = format!(r#"{{"level": 2, "msg": "{n} {}"}}"#, "y".repeat(50_000));
            hear(&mut lab, "PanelNotif.panel-notifs.", &notice, 200.0);
        }
        assert_eq!(lab.sensors().count(), MOST_SENSORS);
        assert_eq!(lab.parameters().count(), MOST_PARAMETERS);
        assert_eq!(lab.told().count(), MOST_TOLD);
        let classes = || lab.topics().classes();
        assert!(classes().count() <= MOST_CLASSES);
        assert!(classes().map(|(_, class)| class.topics.len()).sum::<usize>() <= MOST_TOPICS);
        let PassedOver { sensors, parameters, topics } = lab.passed_over();
        assert_eq!((sensors, parameters), (25_000 - MOST_SENSORS as u64, 25_000 - MOST_PARAMETERS as u64));
        assert!(topics > 50_000);
        assert!(lab.bytes() < 10 << 20, "{}", lab.bytes());
        // What it says it takes is what its parts take.
        let sensors: usize = lab
            .sensors()
            .map(|(key, s)| key.service.len() + key.component.len() + key.sensor.len() + s.bytes())
            .sum();
        let told: usize = lab.told().map(|told| weight(&told.what)).sum();
        let parameters: usize = lab.parameters().map(Parameter::bytes).sum();
        assert_eq!(lab.bytes, sensors + told + parameters);
        let class = |(name, class): (&Text, &Class)| {
            let topics = class.topics.iter().map(|(name, topic)| {
                TOPIC + 2 * name.len() + topic.said.as_ref().map_or(0, |said| said.json.len())
            });
            TOPIC + name.len() + topics.sum::<usize>()
        };
        assert_eq!(lab.topics().bytes(), classes().map(class).sum::<usize>());
        // The whole lab has its place all the same.
        throttle(&mut lab, "SYSTEM", 2, "null", 300.0);
        assert!(lab.system().is_some());
    }

    #[test]
    fn an_alert_that_comes_again_is_one_and_counts() {
        let mut lab = Beside::default();
        for n in 0..30 {
            hear(&mut lab, "AlertEvent.", r#"{"alert_topic": "mxc"}"#, f64::from(n) * 5.0);
            hear(&mut lab, "AlertEvent.", r#"{"alert_topic": "still"}"#, f64::from(n) * 5.0 + 1.0);
        }
        let told: Vec<_> = lab.told().map(|t| (t.what.clone(), t.times, t.first, t.at)).collect();
        let alert = |topic: &str| What::Alert { topic: topic.into() };
        assert_eq!(
            told,
            [
                (alert("still"), 30, Now::at(1.0), Now::at(146.0)),
                (alert("mxc"), 30, Now::at(0.0), Now::at(145.0)),
            ]
        );
        assert_eq!(lab.told().next().unwrap().number, 60);
    }

    #[test]
    fn words_where_a_number_should_stand_have_an_end() {
        let mut lab = Beside::default();
        let endless = "\u{1b}[31m°".repeat(1_000);
        let text = json::quote(&endless);
        for n in 0..3 {
            let power = format!(
                r#"{{"service_name": "c", "component_id": "h", "power_setting": {text}, "output_power": {text}}}"#
            );
            hear(&mut lab, "PowerSettingPoint.c.h.", &power, f64::from(n));
            let status = format!(
                r#"{{"service_name": "c", "component_id": "h", "message_id": "m", "message": {text}}}"#
            );
            hear(&mut lab, "StatusmessagePoint.c.h.m.", &status, f64::from(n));
        }
        let bytes = |reading: &Reading| match reading {
            Reading::Words(text) => text.len(),
            other => panic!("{other:?}"),
        };
        for (_, sensor) in lab.sensors() {
            for reading in std::iter::once(&sensor.reading).chain(&sensor.output) {
                assert!((1..=LONGEST_WORDS).contains(&bytes(reading)), "{}", bytes(reading));
            }
        }
        assert_eq!(lab.sensors().filter(|(_, sensor)| sensor.output.is_some()).count(), 1);
    }

    #[test]
    fn units_and_levels_without_end_are_left_out_and_the_sensor_is_heard_all_the_same() {
        let mut lab = Beside::default();
        let point = |unit: &str| {
            format!(
                r#"{{"service_name": "c", "component_id": "p", "sensor_id": "s", "level": "{unit}", "pressure": 1, "unit": "{unit}"}}"#
            )
        };
        hear(&mut lab, "PressurePoint.c.p.s.", &point(&"u".repeat(30_000)), 0.0);
        assert_eq!((&only(&lab).unit, &only(&lab).level), (&None, &None));
        // One of a megabyte is no more than counted.
        hear(&mut lab, "PressurePoint.c.p.s.", &point(&"u".repeat(1 << 20)), 60.0);
        assert_eq!(only(&lab).heard, Now::at(0.0));
        assert_eq!(lab.topic("PressurePoint.c.p.s.").unwrap().1.tally.count, 2);
        assert!(lab.bytes() < 100_000, "{}", lab.bytes());
    }

    #[test]
    fn numbers_that_are_none_and_moments_at_the_ends_of_time_do_no_harm() {
        let mut lab = Beside::default();
        let moments =
            ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "9e99", ""];
        let values = ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e308", "-1e308", "4.5"];
        for (n, value) in values.iter().enumerate() {
            for (m, time) in moments.iter().enumerate() {
                let at = (n * moments.len() + m) as f64;
                let event = format!(
                    r#"{{"time": "{time}", "service_name": "c", "component_id": "t", "sensor_id": "s", "temperature": {value}}}"#
                );
                hear(&mut lab, "TemperaturePoint.c.t.s.", &event, at);
                let event = format!(r#"{{"time": "{time}", "throttled": 2, "value": {value}}}"#);
                hear(&mut lab, "ThrottleStateEvent.", &event, at);
                // Each is heard: none of these came late, a clock was set.
                assert_eq!(only(&lab).heard, Now::at(at), "{time}");
                assert_eq!(lab.system().unwrap().value.as_deref(), Some(*value));
            }
        }
        let all = only(&lab).within(Duration::ZERO, Duration::from_secs(99)).unwrap();
        assert_eq!((all.first, all.min, all.max, all.last), (1e308, -1e308, 1e308, 4.5));
        let trend = only(&lab).trend(60, Now::at(39.0));
        assert!(trend.iter().flatten().all(|value| value.is_finite()));
    }
}
