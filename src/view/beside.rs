//! What goes on beside the tasks: whether the lab is throttled, in the header; the strip of sensors below the lanes; and the
//! view with sensors, what was told, and the bus.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::{
    app::{
        App, Severity,
        beside::{
            Beside, Entry, Order, Tab, digits, gravity, in_order, is_of_strip, label, number, place, reads,
            sentence, topic_of, unit, value,
        },
        compose::{SECRET, mask},
        layout::Shape,
        update::beside_height,
    },
    clean::{Clean, exact},
    store::beside::{
        Class, Course, Level, MONITOR_SILENT, Parameter, RECENT, Sensor, SensorKey, Tally, Told, What,
    },
    theme::Role,
    time::Now,
    wire::{
        bus::class_of,
        event::{Reading, SYSTEM, Said},
    },
};

use super::{Look, Piece, Row, spaces, word, words};

/// Columns of a parameter's name and of its value where other things stand beside them.
const NAME: usize = 24;
const VALUE: usize = 16;

/// For the header: that the lab is throttled, since when, and by which parameter. `short`: only that it is.
pub(super) fn throttled(app: &App, short: bool, look: Look, now: Now) -> Vec<Piece> {
    let beside = app.store().beside();
    let Some(system) = beside.system().filter(|system| system.level == Level::Throttled) else {
        return Vec::new();
    };
    let old = now.since(system.heard) > MONITOR_SILENT;
    let role = if old || app.is_stale() { Role::Dim } else { Role::Warning };
    let mut text = "throttled".to_owned();
    let how_long =
        if old { format!("as of {}", words::clock(system.heard.utc)) } else { lasted(system, now) };
    if !short && !how_long.is_empty() {
        text.push_str(&format!(" {how_long}"));
    }
    let mut pieces = vec![spaces(2), look.piece(&text, role)];
    let causes = beside.causes(Level::Throttled);
    if let Some(first) = causes.first().filter(|_| !short) {
        pieces.push(look.piece(" by ", role));
        pieces.extend(parameter(first, role, look));
        if causes.len() > 1 {
            pieces.push(look.piece(&format!(" and {} more", causes.len() - 1), role));
        }
    }
    pieces
}

/// For the header, where there is room: which parameter is near it.
pub(super) fn near_throttling(app: &App, look: Look, now: Now) -> Vec<Piece> {
    let beside = app.store().beside();
    let told =
        |system: &&Parameter| system.level == Level::Warned && now.since(system.heard) <= MONITOR_SILENT;
    let Some(system) = beside.system().filter(told) else { return Vec::new() };
    let lasted = lasted(system, now);
    let warned = if lasted.is_empty() { "warned by ".to_owned() } else { format!("warned {lasted} by ") };
    let mut pieces = vec![spaces(2), look.piece(&warned, Role::Dim)];
    match beside.causes(Level::Warned).first() {
        Some(first) => pieces.extend(parameter(first, Role::Dim, look)),
        None => return Vec::new(),
    }
    pieces
}

/// Its name and its value.
fn parameter(parameter: &Parameter, role: Role, look: Look) -> Vec<Piece> {
    let mut name = look.name(&parameter.id, role);
    name.text = name.text.truncate(NAME, look.charset());
    let mut value = look.piece(&format!(" {}", value(parameter.value.as_deref())), role);
    value.text = value.text.truncate(VALUE, look.charset());
    vec![name, value]
}

/// How long it has been so, in few words.
fn lasted(parameter: &Parameter, now: Now) -> String {
    let minutes = now.since(parameter.since).as_secs() / 60;
    let least = if parameter.seen { "" } else { "at least " };
    match minutes {
        0 if parameter.seen => "just now".to_owned(),
        0 => String::new(),
        1..60 => format!("{least}{minutes} min"),
        60..1440 => format!("{least}{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{least}{} d {} h", minutes / 1440, minutes / 60 % 24),
    }
}

/// Columns of a sensor's name, of its place, of its value, of its unit and of its trend.
const LABEL: [usize; 2] = [20, 16];
const PLACE: usize = 20;
const READS: usize = 10;
const UNIT: usize = 8;
const TREND: usize = 12;
/// From so many columns on the trend shows all of its slices, and names have more room.
const ROOM: u16 = 120;
/// Of a longer message no beginning is shown beside its topic, bytes.
const SHORT: usize = 2_000;

/// An alert stands beside the strip's sensors for so long.
const ALARMS: Duration = Duration::from_secs(600);

/// The line of sensors below the lanes, with the newest alert.
pub(super) fn strip(app: &App, width: u16, look: Look, now: Now) -> Row {
    let mut row = Row::default();
    let mut room = usize::from(width).saturating_sub(1);
    if let Some(told) = newest_alarm(app, now) {
        let text = Clean::line(&sentence(&told.what), look.charset()).truncate(room / 3, look.charset());
        let ago = look.piece(&format!(" {} ", words::ago(now.since(told.at))), Role::Dim);
        let role = if gravity(&told.what) == Severity::Error { Role::Error } else { Role::Warning };
        row.right = vec![spaces(2), Piece { text, role }, ago];
        room = room.saturating_sub(row.right.iter().map(|piece| piece.text.width()).sum());
    }
    for (key, sensor) in in_order(app.store()).filter(|(key, _)| is_of_strip(key)) {
        let silent = sensor.is_silent(now);
        let role = if silent || app.is_stale() { Role::Dim } else { Role::Text };
        let mut name = look.name(label(key, sensor), Role::Dim);
        name.text = name.text.truncate(NAME, look.charset());
        // No unit, however long, keeps those behind it from standing there.
        let mut reads = look.piece(&format!(" {}", reads(key, sensor)), role);
        reads.text = reads.text.truncate(1 + READS + 1 + UNIT, look.charset());
        let mut pieces = vec![spaces(2), name, reads];
        pieces.extend(silent.then(|| word(" silent", role)));
        let need: usize = pieces.iter().map(|piece| piece.text.width()).sum();
        if need > room {
            break;
        }
        room -= need;
        row.left.extend(pieces);
    }
    row
}

/// The newest alert, or notice of something bad, that is not long past.
fn newest_alarm(app: &App, now: Now) -> Option<&Told> {
    let newest = app
        .store()
        .beside()
        .told()
        .find(|told| !matches!(told.what, What::Level { .. }) && gravity(&told.what) != Severity::Info);
    newest.filter(|told| now.since(told.at) < ALARMS)
}

/// The rows of the body.
pub(super) fn rows(app: &App, view: &Beside, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let shape = app.areas().shape;
    let narrow = shape == Shape::Narrow;
    let (height, about_height) = beside_height(area.height, shape);
    let at = view.at();
    let mut rows = vec![head(app, view, at, look, narrow), Row::rule(area.width, look)];
    if view.entries.is_empty() {
        let text = match view.tab {
            Tab::Sensors => "No sensor was heard yet: the refrigerator's service tells of them on the bus.",
            Tab::Told => "Nothing was told yet: the monitor speaks every 5 s where it runs.",
            Tab::Bus => "Nothing was heard on the bus yet.",
        };
        rows.push(Row::default());
        rows.push(Row::of(vec![spaces(2), word(text, Role::Text)]));
        return rows;
    }
    let ctx = Ctx { app, view, look, now, narrow, width: area.width };
    let first = view.first(at, height);
    for (place, entry) in view.entries.iter().enumerate().skip(first).take(height) {
        let mut row = ctx.row(entry).unwrap_or_default();
        row.selected = Some(place) == at;
        rows.push(row.listed(place));
    }
    if about_height == 0 {
        return rows;
    }
    let blank = height.saturating_sub(view.entries.len() - first);
    rows.extend(vec![Row::default(); blank]);
    rows.push(Row::rule(area.width, look));
    let columns = usize::from(area.width).saturating_sub(3).max(1);
    let lines = view.selected().map(|entry| ctx.about(entry)).unwrap_or_default();
    for (text, role) in lines {
        for (at, text) in Clean::line(&text, look.charset()).wrap(columns).into_iter().enumerate() {
            if rows.len() >= usize::from(area.height) {
                return rows;
            }
            rows.push(Row::of(vec![spaces(if at == 0 { 1 } else { 3 }), Piece { text, role }]));
        }
    }
    rows
}

fn head(app: &App, view: &Beside, at: Option<usize>, look: Look, narrow: bool) -> Row {
    let mut row = Row::of(vec![spaces(1), word("The lab", Role::Title)]);
    for tab in Tab::ALL {
        let role = if tab == view.tab { Role::Focus } else { Role::Dim };
        if !narrow || tab == view.tab {
            row.left.extend([spaces(2), word(tab.title(), role)]);
        }
    }
    let place = at.map_or(0, |at| at + 1);
    let passed = app.store().beside().passed_over();
    let passed = match view.tab {
        Tab::Sensors => passed.sensors,
        Tab::Told => passed.parameters,
        Tab::Bus => passed.topics,
    };
    let mut right = format!("{place} of {} ", view.entries.len());
    if view.tab == Tab::Bus && view.order != Order::Name && !narrow {
        right = format!("{}  {right}", view.order.words());
    }
    row.right = vec![look.piece(&right, Role::Dim)];
    if passed > 0 {
        let text = if narrow { format!("+{passed}  ") } else { format!("no room for {passed} events  ") };
        row.right.insert(0, look.piece(&text, Role::Warning));
    }
    row
}

/// What a row needs.
struct Ctx<'a> {
    app: &'a App,
    view: &'a Beside,
    look: Look,
    now: Now,
    narrow: bool,
    width: u16,
}

impl Ctx<'_> {
    fn row(&self, entry: &Entry) -> Option<Row> {
        let beside = self.app.store().beside();
        Some(match entry {
            Entry::Sensor(key) => self.sensor(key, beside.sensor(key)?),
            Entry::Parameter(id) => self.parameter(beside.parameter(id)?),
            Entry::Told(id) => self.told(beside.told().find(|told| told.id == *id)?),
            Entry::Class(name) => self.class(name, beside.topics().class(name)?),
            Entry::Topic(topic) => {
                let (_, known) = beside.topic(topic)?;
                let name = topic.strip_prefix(class_of(topic)).unwrap_or(topic).trim_matches('.');
                self.tally(4, name, "", &known.tally, known.said.as_ref())
            }
        })
    }

    fn fit(&self, piece: Piece, width: usize) -> Piece {
        Piece { text: piece.text.fit(width, self.look.charset()), role: piece.role }
    }

    fn ago(&self, at: Now) -> String {
        format!("{} ", words::ago(self.now.since(at)))
    }

    fn sensor(&self, key: &SensorKey, sensor: &Sensor) -> Row {
        let look = self.look;
        let silent = sensor.is_silent(self.now);
        let role = if silent { Role::Dim } else { Role::Text };
        let wide = self.width >= ROOM;
        let mut left = vec![
            spaces(1),
            self.fit(look.name(label(key, sensor), Role::Service), LABEL[usize::from(self.narrow)]),
            spaces(1),
        ];
        if !self.narrow {
            let place =
                self.fit(look.piece(&place(key, sensor), Role::Dim), if wide { 2 * PLACE } else { PLACE });
            left.extend([place, spaces(1)]);
        }
        match &sensor.reading {
            Reading::Words(text) => {
                let role = if silent { Role::Dim } else { role_of(sensor.level.as_deref()) };
                left.push(look.piece(text, role));
            }
            reading => {
                let value = look.piece(&number(key, reading), role);
                left.push(spaces(READS.saturating_sub(value.text.width())));
                left.extend([value, spaces(1)]);
                let unit = look.piece(&unit(key, sensor), Role::Dim);
                left.push(if self.narrow { unit } else { self.fit(unit, UNIT) });
                if !self.narrow && !silent {
                    let slices = if wide { RECENT } else { TREND };
                    left.push(look.piece(&trend(&sensor.trend(slices, self.now), look), Role::Bar));
                }
            }
        }
        let heard = if silent {
            let silent = words::duration(self.now.since(sensor.heard));
            let text = if self.narrow { "silent ".to_owned() } else { format!("silent {silent} ") };
            look.piece(&text, Role::Warning)
        } else {
            look.piece(&self.ago(sensor.heard), Role::Dim)
        };
        Row { left, right: vec![heard], ..Row::default() }
    }

    fn parameter(&self, parameter: &Parameter) -> Row {
        let look = self.look;
        let whole = &*parameter.id == SYSTEM;
        let name = if whole { "the whole lab" } else { &*parameter.id };
        let role = if whole { Role::Title } else { Role::Service };
        let name = if whole { look.piece(name, role) } else { look.name(name, role) };
        let level = match parameter.level {
            Level::Safe => Role::Ok,
            Level::Warned => Role::Notice,
            Level::Throttled => Role::Warning,
        };
        let mut left = vec![
            spaces(1),
            self.fit(name, LABEL[usize::from(self.narrow)]),
            spaces(1),
            self.fit(look.piece(parameter.level.word(), level), READS),
        ];
        let lasts = format!("{:<16}", lasted(parameter, self.now));
        if parameter.level > Level::Safe && !self.narrow {
            left.push(look.piece(&lasts, Role::Text));
        } else if !self.narrow {
            left.push(spaces(16));
        }
        if !whole {
            left.extend([spaces(1), look.piece(&value(parameter.value.as_deref()), Role::Text)]);
        }
        let old = self.now.since(parameter.heard) > MONITOR_SILENT;
        let role = if old { Role::Warning } else { Role::Dim };
        Row { left, right: vec![look.piece(&self.ago(parameter.heard), role)], ..Row::default() }
    }

    fn told(&self, told: &Told) -> Row {
        let (text, role) = said(&told.what);
        let left = vec![
            spaces(1),
            self.look.piece(&words::clock(told.at.utc), Role::Dim),
            spaces(2),
            self.look.piece(&text, role),
        ];
        let mut right = vec![self.look.piece(&self.ago(told.at), Role::Dim)];
        if told.times > 1 {
            right.insert(0, self.look.piece(&format!("{} times  ", told.times), Role::Text));
        }
        Row { left, right, ..Row::default() }
    }

    fn class(&self, name: &str, class: &Class) -> Row {
        let sign = if self.view.is_open(name) { self.look.glyphs.unfolded } else { self.look.glyphs.folded };
        let topics = class.topics.len();
        let (sign, said) = match topics {
            0 => (" ", None),
            // Of one alone its message stands here.
            1 => (sign, class.topics.values().next().and_then(|topic| topic.said.as_ref())),
            _ => (sign, None),
        };
        let mut row = self.tally(1, name, sign, &class.tally, said);
        if topics > 1 && !self.narrow {
            row.left.push(self.look.piece(&format!("{topics} topics"), Role::Dim));
        }
        row
    }

    /// A class or a topic.
    fn tally(&self, indent: usize, name: &str, sign: &str, tally: &Tally, said: Option<&Said>) -> Row {
        let look = self.look;
        let columns = if self.narrow { 18 } else { usize::from(self.width) * 2 / 5 };
        let role = if indent > 1 { Role::Text } else { Role::Service };
        let mut left = vec![spaces(indent)];
        if indent == 1 {
            left.extend([look.piece(sign, Role::Library), spaces(1)]);
        }
        let used = if indent == 1 { 3 } else { indent };
        left.push(self.fit(look.name(name, role), columns.saturating_sub(used)));
        left.push(look.piece(&format!("{:>8}", tally.count), Role::Text));
        if !self.narrow {
            let rate = self.app.store().beside().topics().rate(tally, self.now);
            let rate = rate.map_or_else(String::new, |rate| format!("{rate:.0}/min"));
            left.push(look.piece(&format!("{rate:>11}  "), Role::Dim));
            if let Some(said) = said {
                left.push(look.piece(&beginning(said), Role::Dim));
            }
        }
        let heard = tally.heard.map(|at| look.piece(&self.ago(at), Role::Dim));
        Row { left, right: heard.into_iter().collect(), ..Row::default() }
    }

    /// What is told of the selected row.
    fn about(&self, entry: &Entry) -> Vec<(String, Role)> {
        let store = self.app.store();
        let beside = store.beside();
        let mut out = Vec::new();
        match entry {
            Entry::Sensor(key) => {
                let Some(sensor) = beside.sensor(key) else { return out };
                out.push((place(key, sensor), Role::Text));
                out.push((written(sensor), Role::Text));
                let ten = Duration::from_secs(600);
                let from = self.now.mono.saturating_sub(ten);
                if let Some(course) = sensor.within(from, self.now.mono)
                    && matches!(sensor.reading, Reading::Number(_))
                    && course.min < course.max
                {
                    let Course { min, max, .. } = course;
                    let text = format!("in the last 10 minutes {} to {}", digits(min), digits(max));
                    out.push((text, Role::Dim));
                }
                if let Some((was, at)) = &sensor.changed {
                    let text = format!("{} until {}", number(key, was), words::clock(at.utc));
                    out.push((text, Role::Dim));
                }
            }
            Entry::Parameter(id) => {
                let Some(parameter) = beside.parameter(id) else { return out };
                let since = words::moment(parameter.since.utc, self.now);
                let since =
                    if parameter.seen { format!("since {since}") } else { format!("at least since {since}") };
                out.push((format!("{}: {} {since}", exact(id), parameter.level.word()), Role::Text));
                if parameter.value.is_none() && &**id != SYSTEM {
                    let text = "The monitor has no value of it: no event of its topic came within 5 s. It throttles then.";
                    out.push((text.to_owned(), Role::Dim));
                }
            }
            Entry::Told(id) => {
                let Some(told) = beside.told().find(|told| told.id == *id) else { return out };
                out.push((said(&told.what).0, Role::Text));
                if told.times > 1 {
                    let (first, last) = (words::clock(told.first.utc), words::clock(told.at.utc));
                    out.push((format!("{} times from {first} to {last}", told.times), Role::Dim));
                }
            }
            Entry::Class(_) | Entry::Topic(_) => {
                if let Some((topic, known)) = topic_of(store, entry) {
                    out.push((exact(topic.trim_end_matches('.')).into_owned(), Role::Text));
                    out.extend(known.said.as_ref().map(|said| (beginning(said), Role::Dim)));
                }
            }
        }
        out
    }
}

/// The last reading as it was written.
fn written(sensor: &Sensor) -> String {
    let raw = |reading: &Reading| match reading {
        Reading::Number(raw) => raw.to_string(),
        Reading::Flag(on) => on.to_string(),
        Reading::Words(text) => text.to_string(),
        Reading::Nothing => "null".to_owned(),
    };
    let mut text = format!("as it was written: {}", raw(&sensor.reading));
    if let Some(output) = &sensor.output {
        text.push_str(&format!("; it gives {}", raw(output)));
    }
    text
}

fn role_of(level: Option<&str>) -> Role {
    match level {
        Some("ERROR" | "CRITICAL") => Role::Error,
        Some("WARNING") => Role::Warning,
        _ => Role::Text,
    }
}

/// Heights between the lowest and the highest; what does not move stands in the middle.
fn trend(values: &[Option<f64>], look: Look) -> String {
    let known = || values.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let height = |value: f64| {
        // Halves, for what lies between may be beyond what a number can be.
        let span = high / 2.0 - low / 2.0;
        if span > 0.0 { 1 + (((value / 2.0 - low / 2.0) / span) * 7.0).round() as usize } else { 4 }
    };
    let sign = |value: &Option<f64>| {
        value.map_or(look.glyphs.spark[0], |value| look.glyphs.spark[height(value).min(8)])
    };
    values.iter().map(sign).collect()
}

/// What was told, as a sentence.
fn said(what: &What) -> (String, Role) {
    let role = match gravity(what) {
        Severity::Info => Role::Text,
        Severity::Warning => Role::Warning,
        Severity::Error => Role::Error,
    };
    (sentence(what), role)
}

/// The beginning of a message, its secrets masked.
fn beginning(said: &Said) -> String {
    match said.json.len() {
        0 if said.bytes > 0 => format!("{} bytes, too large to be kept", said.bytes),
        ..=SHORT => mask(None, &said.json, SECRET).unwrap_or_else(|| said.json.to_string()),
        _ => format!("{} bytes", said.bytes),
    }
}
