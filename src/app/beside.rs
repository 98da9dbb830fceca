//! The lab beside the tasks, on the screen: its sensors, what was told of it, and all that passes on the bus.
//!
//! Pure. It refuses to show a secret: what a message holds under a name that sounds like one is asterisks, as in a payload.

use std::{collections::HashSet, time::Duration};

use super::{
    App, By, Layer, Severity,
    compose::{SECRET, mask},
    lanes::first_visible,
    layout::{Areas, Shape},
    unseen::{NOTHING, gone},
    viewer::Viewer,
};
use crate::{
    clean::exact,
    store::{
        Store,
        beside::{Level, Sensor, SensorKey, Tally, Topic, What},
    },
    time::Now,
    wire::{
        Text,
        bus::class_of,
        event::{PointKind, Reading, SYSTEM},
        json,
    },
};

/// However much is heard, the picture changes by it no more often; what comes together is drawn together.
const PACE: Duration = Duration::from_millis(500);

/// What of it was last on the screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// See [`store::Beside::revision`](crate::store::Beside::revision).
    pub revision: u64,
    /// See [`store::Beside::readings`](crate::store::Beside::readings).
    pub readings: u64,
    /// Since when something stands there otherwise.
    pub since: Option<Duration>,
}

/// What is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The sensors and settings.
    #[default]
    Sensors,
    /// The monitor's parameters, alerts and notices.
    Told,
    /// Classes of events and their topics.
    Bus,
}

impl Tab {
    /// All, in their order.
    pub const ALL: [Tab; 3] = [Tab::Sensors, Tab::Told, Tab::Bus];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Tab::Sensors => "sensors",
            Tab::Told => "throttle and alerts",
            Tab::Bus => "bus",
        }
    }
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A sensor.
    Sensor(SensorKey),
    /// A parameter of the monitor's, by its id.
    Parameter(Text),
    /// What was told, by the number that it had first.
    Told(u64),
    /// A class of events.
    Class(Text),
    /// A topic of it.
    Topic(Text),
}

/// In which order the bus is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By names.
    #[default]
    Name,
    /// The most frequent first.
    Rate,
    /// The latest first.
    Heard,
}

impl Order {
    /// The one after it.
    pub fn next(self) -> Order {
        match self {
            Order::Name => Order::Rate,
            Order::Rate => Order::Heard,
            Order::Heard => Order::Name,
        }
    }

    /// What it is.
    pub fn words(self) -> &'static str {
        match self {
            Order::Name => "by name",
            Order::Rate => "the most frequent first",
            Order::Heard => "the latest first",
        }
    }
}

/// The view.
#[derive(Debug, Default)]
pub struct Beside {
    /// What is listed.
    pub tab: Tab,
    /// The rows.
    pub entries: Vec<Entry>,
    /// The order of the bus.
    pub order: Order,
    /// The selected row of each tab, and the screen line on which it stands.
    places: [(Option<Entry>, usize); Tab::ALL.len()],
    /// Classes whose topics are listed.
    open: HashSet<Text>,
    /// The selected row has gone, and nobody has seen which one took its place.
    pub unseen: Option<String>,
}

impl Beside {
    /// The selected row.
    pub fn selected(&self) -> Option<&Entry> {
        self.places[self.tab as usize].0.as_ref()
    }

    /// Its place.
    pub fn at(&self) -> Option<usize> {
        let selected = self.selected()?;
        self.entries.iter().position(|entry| entry == selected)
    }

    /// The first row on a list of that height, where the selected one has that place.
    pub fn first(&self, at: Option<usize>, height: usize) -> usize {
        let line = self.places[self.tab as usize].1;
        first_visible(self.entries.len(), at.unwrap_or(0), line, height)
    }

    /// Moves the selection by that many (a large number: to the end).
    pub fn step(&mut self, by: isize, height: usize) {
        let at = self.at();
        let first = self.first(at, height);
        let Some(last) = self.entries.len().checked_sub(1) else { return };
        let to = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
        let line = to.saturating_sub(first).min(height.saturating_sub(1));
        self.places[self.tab as usize] = (self.entries.get(to).cloned(), line);
    }

    /// Goes to another tab.
    pub fn turn(&mut self, forward: bool) {
        let step = if forward { 1 } else { Tab::ALL.len() - 1 };
        self.tab = Tab::ALL[(self.tab as usize + step) % Tab::ALL.len()];
    }

    /// Whether the topics of that class are listed.
    pub fn is_open(&self, class: &str) -> bool {
        self.open.contains(class)
    }

    /// Lists the topics of the class that is selected, or of the selected topic, or no more.
    pub fn fold(&mut self) {
        let class = match self.selected() {
            Some(Entry::Class(class)) => class.clone(),
            Some(Entry::Topic(topic)) => class_of(topic).into(),
            _ => return,
        };
        if !self.open.remove(&class) {
            self.open.insert(class.clone());
        }
        self.places[self.tab as usize].0 = Some(Entry::Class(class));
    }

    /// Makes the list anew. A row that is gone gives its place to its neighbour.
    pub fn refresh(&mut self, store: &Store, by: By, now: Now) {
        let before = self.at();
        self.entries = self.listed(store, now);
        if self.at().is_some() {
            return;
        }
        let near = before.unwrap_or(0).min(self.entries.len().saturating_sub(1));
        let near = self.entries.get(near).cloned();
        let seen = std::mem::replace(&mut self.places[self.tab as usize].0, near.clone());
        if near.is_some() {
            by.mark(&mut self.unseen, || match &seen {
                Some(Entry::Sensor(key)) => gone(exact(&key.component)),
                Some(Entry::Parameter(name) | Entry::Class(name) | Entry::Topic(name)) => gone(exact(name)),
                Some(Entry::Told(_)) => gone("what was told there"),
                None => NOTHING.to_owned(),
            });
        }
    }

    fn listed(&self, store: &Store, now: Now) -> Vec<Entry> {
        let beside = store.beside();
        match self.tab {
            Tab::Sensors => in_order(store).map(|(key, _)| Entry::Sensor(key.clone())).collect(),
            Tab::Told => {
                let parameters = beside.parameters().map(|parameter| Entry::Parameter(parameter.id.clone()));
                parameters.chain(beside.told().map(|told| Entry::Told(told.id))).collect()
            }
            Tab::Bus => {
                let mut classes: Vec<_> = beside.topics().classes().collect();
                classes.sort_by(|(_, one), (_, other)| self.compare(store, &one.tally, &other.tally, now));
                let mut out = Vec::new();
                for (name, class) in classes {
                    out.push(Entry::Class(name.clone()));
                    if self.is_open(name) {
                        let mut topics: Vec<_> = class.topics.iter().collect();
                        topics.sort_by(|(_, one), (_, other)| {
                            self.compare(store, &one.tally, &other.tally, now)
                        });
                        out.extend(topics.into_iter().map(|(name, _)| Entry::Topic(name.clone())));
                    }
                }
                out
            }
        }
    }

    /// The order of two; they stand by their names already.
    fn compare(&self, store: &Store, one: &Tally, other: &Tally, now: Now) -> std::cmp::Ordering {
        let rate = |tally| store.beside().topics().rate(tally, now).unwrap_or_default();
        let heard = |tally: &Tally| tally.heard.map(|heard| heard.mono);
        match self.order {
            Order::Name => std::cmp::Ordering::Equal,
            Order::Rate => rate(other).total_cmp(&rate(one)).then(other.count.cmp(&one.count)),
            Order::Heard => heard(other).cmp(&heard(one)),
        }
    }
}

/// The topic whose last message a row leads to: of a class that which was heard last.
pub fn topic_of<'a>(store: &'a Store, entry: &Entry) -> Option<(&'a Text, &'a Topic)> {
    let beside = store.beside();
    match entry {
        Entry::Sensor(key) => beside.topic(&beside.sensor(key)?.topic),
        Entry::Topic(topic) => beside.topic(topic),
        Entry::Class(class) => {
            let topics = beside.topics().class(class)?.topics.iter();
            topics.max_by_key(|(_, topic)| topic.tally.heard.map(|heard| heard.mono))
        }
        Entry::Parameter(id) => beside.topic(&format!("ThrottleStateEvent.throttle_state.{id}.")),
        Entry::Told(_) => None,
    }
}

/// The last message that a row leads to, to be looked into.
///
/// # Errors
/// Why there is none, in one sentence.
pub fn message(store: &Store, entry: &Entry) -> Result<Viewer, &'static str> {
    /// The classes of which the lanes are made.
    const LANES: [&str; 3] = ["TaskEvent", "ScheduledTaskEvent", "IPythonServiceState"];
    let class = match entry {
        Entry::Class(class) | Entry::Topic(class) => class_of(class),
        _ => "",
    };
    if LANES.contains(&class) {
        return Err("the lanes are made of these: a task's payload and reply stand in its detail");
    }
    let (topic, said) = topic_of(store, entry)
        .and_then(|(topic, known)| Some((topic, known.said.as_ref()?)))
        .ok_or("no message of it is kept")?;
    if said.json.is_empty() && said.bytes > 0 {
        return Err("its last message is too large to be kept");
    }
    let seen = mask(None, &said.json, SECRET).map_or_else(|| said.json.clone(), Text::from);
    Ok(Viewer::of_message(topic.trim_end_matches('.'), seen))
}

/// The sensors, the stages of the refrigerator before what its pumps and compressors have.
pub fn in_order(store: &Store) -> impl Iterator<Item = (&SensorKey, &Sensor)> {
    let mut sensors: Vec<_> = store.beside().sensors().collect();
    sensors.sort_by_key(|(key, sensor)| (key.kind, !key.is_stage(sensor)));
    sensors.into_iter()
}

/// Whether a sensor belongs into the strip: what has a number that says how the lab is.
pub fn is_of_strip(key: &SensorKey) -> bool {
    matches!(key.kind, PointKind::Temperature | PointKind::Pressure | PointKind::Flow)
}

/// What a sensor is called in few words: a thermometer by its stage.
pub fn label<'a>(key: &'a SensorKey, sensor: &'a Sensor) -> &'a str {
    match &sensor.level {
        Some(stage) if key.is_stage(sensor) => stage,
        _ if key.sensor.is_empty() => &key.component,
        _ => &key.sensor,
    }
}

/// Where it is, in full.
pub fn place(key: &SensorKey, sensor: &Sensor) -> String {
    let mut parts = vec![exact(&key.service), exact(&key.component)];
    if !key.sensor.is_empty() && label(key, sensor) != &*key.sensor {
        parts.push(exact(&key.sensor));
    }
    parts.join(" ")
}

/// What was read, in few columns.
pub fn number(key: &SensorKey, reading: &Reading) -> String {
    match (reading, key.kind) {
        (Reading::Number(raw), _) => value(Some(raw)),
        (Reading::Flag(true), PointKind::Valve) => "open".to_owned(),
        (Reading::Flag(false), PointKind::Valve) => "closed".to_owned(),
        (Reading::Flag(on), _) => if *on { "on" } else { "off" }.to_owned(),
        (Reading::Words(text), _) => text.to_string(),
        (Reading::Nothing, _) => "no value".to_owned(),
    }
}

/// Its unit; nothing where it has none.
pub fn unit(key: &SensorKey, sensor: &Sensor) -> String {
    match (&sensor.unit, key.kind) {
        (Some(unit), _) => exact(unit).into_owned(),
        (None, PointKind::Temperature) => "K".to_owned(),
        (None, _) => String::new(),
    }
}

/// What it reads, with its unit.
pub fn reads(key: &SensorKey, sensor: &Sensor) -> String {
    let (number, unit) = (number(key, &sensor.reading), unit(key, sensor));
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// What was told, as a sentence.
pub fn sentence(what: &What) -> String {
    match what {
        What::Level { id, was, is, value: raw } => {
            let whole = &**id == SYSTEM;
            let name = if whole { "the whole lab".into() } else { exact(id) };
            let was = was.map(|was| format!(", was {}", was.word())).unwrap_or_default();
            let value = if whole { String::new() } else { format!(", {}", value(raw.as_deref())) };
            format!("{name}: {}{was}{value}", is.word())
        }
        What::Alert { topic } => format!("alert: {}", exact(topic)),
        What::Notice { text, .. } => format!("notice: {text}"),
    }
}

/// How bad that is.
pub fn gravity(what: &What) -> Severity {
    match what {
        What::Level { is: Level::Throttled, .. } | What::Alert { .. } | What::Notice { level: 2, .. } => {
            Severity::Warning
        }
        What::Notice { level: 3.., .. } => Severity::Error,
        What::Level { .. } | What::Notice { .. } => Severity::Info,
    }
}

/// A value as it is shown in few columns: numbers with four digits that count.
pub fn value(raw: Option<&str>) -> String {
    let Some(raw) = raw else { return "without a value".to_owned() };
    match json::number(raw) {
        Some(number) => digits(number),
        None => exact(&json::string(raw).unwrap_or(raw.into())).into_owned(),
    }
}

/// A number with four digits that count.
pub fn digits(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() || (size != 0.0 && !(1e-3..1e7).contains(&size)) {
        return if number.is_finite() { format!("{number:.3e}") } else { number.to_string() };
    }
    let power = if size > 0.0 { size.log10().floor() as i32 } else { 0 };
    let text = format!("{number:.*}", (3 - power).clamp(0, 6) as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

impl App {
    /// When what was heard of it changes the picture, which it has not yet.
    pub fn beside_due(&self) -> Option<Duration> {
        self.ui.beside_seen.since.map(|since| since + PACE)
    }

    /// Whether something of it stands on the screen as it is no more. What is not on the screen changes nothing.
    pub fn beside_is_old(&self) -> bool {
        let (beside, seen) = (self.store().beside(), self.ui.beside_seen);
        match self.ui.layers.last() {
            _ if self.ui.behind => false,
            Some(Layer::Beside(_)) => beside.revision() != seen.revision,
            top @ (Some(Layer::Task(_)) | None) if beside.readings() != seen.readings => {
                let areas = self.areas();
                // An opened task covers the lanes where it does not stand beside them.
                (top.is_none() || areas.side.is_some()) && self.strip_height(&areas) > 0
            }
            _ => false,
        }
    }

    /// Lines that the strip of sensors takes below the lanes: only what they leave free.
    pub fn strip_height(&self, areas: &Areas) -> u16 {
        if !self.ui.strip || !matches!(areas.shape, Shape::Normal | Shape::Wide) {
            return 0;
        }
        let free = areas.lanes_height().saturating_sub(self.ui.rows.len());
        let any = self.store().beside().sensors().any(|(key, _)| is_of_strip(key));
        // One line stays empty between the lanes and it.
        u16::from(any && free >= 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_tell_their_size() {
        for (number, text) in [
            (0.0, "0"),
            (49.80360227, "49.8"),
            (2.970747, "2.971"),
            (0.0103456, "0.01035"),
            (0.78, "0.78"),
            (-0.051, "-0.051"),
            (1.0, "1"),
            (1013.25, "1013"),
            (123456.7, "123457"),
            (1e7, "1.000e7"),
            (3.2e-9, "3.200e-9"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::MAX, "1.798e308"),
            (5e-324, "4.941e-324"),
        ] {
            assert_eq!(digits(number), text);
        }
        assert_eq!(value(Some("12345678901234567890123")), "1.235e22");
        assert_eq!(value(Some("\"on\\u001b\"")), exact("on\u{1b}"));
        assert_eq!(value(Some("true")), "true");
    }
}
