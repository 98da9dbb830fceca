//! Drafts and last values as text that outlives the program: what is written, what is read again, and how the texts of
//! two juicetops become one.
//!
//! Pure: files are for others. No secret ever stands in these texts. It refuses to let one juicetop's draft of a type
//! take the place of another's: both stay, and the newer one is offered.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use crate::{
    catalogue::sweep::Combine,
    store::GroupKey,
    wire::{
        Text,
        json::{self, Kind},
    },
};

use super::{
    App, Effect, Layer,
    compose::{Begun, Compose, Draft, LARGEST},
    many::Group,
    session::Way,
};

/// The version of both forms.
const VERSION: &str = "1";
/// Drafts that are kept; the oldest go.
const MOST_DRAFTS: usize = 100;
/// Types whose last values are kept; those sent longest ago go.
const MOST_VALUES: usize = 500;
/// The most that either text can have, with room for escapes.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// A service and a class on it.
pub type Place = (Text, Text);

/// A draft as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptDraft {
    /// Its own id: several juicetops may have a draft of one type.
    pub id: String,
    /// When it was written last; also which writing of it this is.
    pub saved: DateTime<Utc>,
    /// Of what.
    pub place: Place,
    /// The draft, without secrets.
    pub draft: Draft,
}

/// What of the kept drafts is this program's: the id and the writing that it knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// By service and class.
    drafts: HashMap<Place, (String, DateTime<Utc>)>,
    /// Those whose groups it is sending.
    groups: HashMap<GroupKey, (String, DateTime<Utc>)>,
}

/// Reads the text of drafts.
///
/// # Errors
/// In a few words, why it is none. A draft that cannot be read makes all of it unreadable: nothing is to be lost.
pub fn read_drafts(text: &str) -> Result<Vec<KeptDraft>, String> {
    entries(text, "drafts")?.iter().map(|raw| read_draft(raw)).collect()
}

fn read_draft(raw: &str) -> Result<KeptDraft, String> {
    let text = |key: &str| {
        let found = json::get(raw, key).and_then(json::string).map(std::borrow::Cow::into_owned);
        found.ok_or_else(|| format!("a draft without `{key}`"))
    };
    let is = |key: &str| json::get(raw, key) == Some("true");
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).map_err(|e| format!("{text}: {e}"));
    let way = match text("way")?.as_str() {
        "direct" => Way::Direct,
        "alone" => Way::Alone,
        "scheduled" => {
            let at: Option<DateTime<FixedOffset>> = text("run_at").ok().map(|at| moment(&at)).transpose()?;
            Way::Scheduled(at)
        }
        other => return Err(format!("a draft that goes the way {other:?}")),
    };
    Ok(KeptDraft {
        id: text("id")?,
        saved: moment(&text("saved")?)?.with_timezone(&Utc),
        place: (text("service")?.into(), text("class")?.into()),
        draft: Draft {
            text: text("payload")?,
            secret: None,
            lacks_secrets: is("secrets_left_out"),
            json: is("json"),
            parallel: is("parallel"),
            way,
            sweeps: read_sweeps(raw)?,
            group: read_group(raw),
            begun: read_begun(raw)?,
        },
    })
}

/// The fields that run through values; drafts of before have none.
fn read_sweeps(raw: &str) -> Result<Vec<(String, String)>, String> {
    let Some(sweeps) = json::get(raw, "sweeps") else { return Ok(Vec::new()) };
    let members = json::members(sweeps).map_err(|e| format!("a draft's `sweeps`: {e}"))?;
    let typed = |(name, raw): (std::borrow::Cow<'_, str>, &str)| {
        let text = json::string(raw).ok_or_else(|| format!("a draft's sweep of `{name}` is no text"))?;
        Ok((name.into_owned(), text.into_owned()))
    };
    members.into_iter().map(typed).collect()
}

fn read_group(raw: &str) -> Group {
    let group = json::get(raw, "group").unwrap_or("{}");
    Group {
        combine: match json::get(group, "one_by_one") {
            Some("true") => Combine::Zip,
            _ => Combine::Multiply,
        },
        name: json::get(group, "name").and_then(json::string).map(std::borrow::Cow::into_owned),
        first_alone: json::get(group, "first_alone") == Some("true"),
    }
}

/// The group that it was begun to be sent as; most drafts have none.
fn read_begun(raw: &str) -> Result<Option<Begun>, String> {
    let Some(begun) = json::get(raw, "begun") else { return Ok(None) };
    let text = |key: &str| json::get(begun, key).and_then(json::string).map(|text| Text::from(&*text));
    let of = json::get(begun, "of").and_then(|of| of.parse().ok());
    let (Some(name), Some(tag), Some(of)) = (text("name"), text("tag"), of) else {
        return Err("a draft that was begun to be sent as no group".to_owned());
    };
    Ok(Some(Begun { name, tag, of, same: json::get(begun, "same") == Some("true") }))
}

fn write_begun(begun: Option<&Begun>) -> String {
    let Some(Begun { name, tag, of, same }) = begun else { return String::new() };
    let (name, tag) = (json::quote(name), json::quote(tag));
    format!(r#", "begun": {{"name": {name}, "tag": {tag}, "of": {of}, "same": {same}}}"#)
}

/// What a draft of several tasks has besides; nothing where it is one.
fn write_sweeps(draft: &Draft) -> String {
    if draft.sweeps.is_empty() && draft.group == Group::default() {
        return String::new();
    }
    let sweeps = json::object(draft.sweeps.iter().map(|(name, text)| (name, json::quote(text))));
    let group = &draft.group;
    let name = group.name.as_ref().map(|name| format!(r#""name": {}, "#, json::quote(name)));
    format!(
        r#", "sweeps": {sweeps}, "group": {{{}"one_by_one": {}, "first_alone": {}}}"#,
        name.unwrap_or_default(),
        group.combine == Combine::Zip,
        group.first_alone,
    )
}

/// Writes drafts.
pub fn write_drafts(drafts: &[KeptDraft]) -> String {
    let lines = drafts.iter().map(|kept| {
        let Draft { text, secret, lacks_secrets, json, parallel, way, sweeps: _, group: _, begun } = &kept.draft;
        let (way, at) = match way {
            Way::Direct => ("direct", None),
            Way::Alone => ("alone", None),
            Way::Scheduled(at) => ("scheduled", *at),
        };
        let at = at.map(|at| format!(r#", "run_at": {}"#, json::quote(&at.to_rfc3339())));
        format!(
            concat!(
                r#"{{"id": {}, "saved": {}, "service": {}, "class": {}, "way": "{}"{}, "parallel": {}, "json": {}, "#,
                r#""secrets_left_out": {}, "payload": {}{}{}}}"#
            ),
            json::quote(&kept.id),
            json::quote(&stamp(kept.saved)),
            json::quote(&kept.place.0),
            json::quote(&kept.place.1),
            way,
            at.unwrap_or_default(),
            parallel,
            json,
            secret.is_some() || *lacks_secrets,
            json::quote(text),
            write_sweeps(&kept.draft),
            write_begun(begun.as_ref()),
        )
    });
    whole("drafts", lines)
}

/// The newest draft of each type, and that it is known from now on.
pub fn newest(drafts: &[KeptDraft], known: &mut Known) -> HashMap<Place, Draft> {
    let mut newest: HashMap<Place, &KeptDraft> = HashMap::new();
    for kept in drafts {
        let here = newest.entry(kept.place.clone()).or_insert(kept);
        if here.saved < kept.saved {
            *here = kept;
        }
    }
    for (place, kept) in &newest {
        known.drafts.insert(place.clone(), (kept.id.clone(), kept.saved));
    }
    newest.into_iter().map(|(place, kept)| (place, kept.draft.clone())).collect()
}

/// Takes this program's draft of a type into what is kept (`None`: it was sent or thrown away). What another juicetop
/// has written meanwhile stays beside it. `id`: a fresh one, in case that it needs it.
pub fn put(
    drafts: &mut Vec<KeptDraft>,
    known: &mut Known,
    place: Place,
    draft: Option<Draft>,
    id: &str,
    now: DateTime<Utc>,
) {
    let own = known.drafts.remove(&place);
    // One that another juicetop has gone on writing is its own now.
    let at =
        own.as_ref().and_then(|(id, saved)| drafts.iter().position(|d| d.id == *id && d.saved == *saved));
    let id = match at {
        Some(at) => drafts.remove(at).id,
        None => id.to_owned(),
    };
    if let Some(draft) = draft {
        known.drafts.insert(place.clone(), (id.clone(), now));
        drafts.push(KeptDraft { id, saved: now, place, draft });
    }
    keep_newest(drafts);
}

/// Takes in the draft of a group that is about to be sent, in place of this program's draft of the type where that is
/// what goes out. It is the group's from now on: what is written of the type meanwhile stands beside it.
pub fn begin(
    drafts: &mut Vec<KeptDraft>,
    known: &mut Known,
    group: GroupKey,
    draft: KeptDraft,
    takes_place: bool,
) {
    if takes_place {
        put(drafts, known, draft.place.clone(), None, &draft.id, draft.saved);
    }
    known.groups.insert(group, (draft.id.clone(), draft.saved));
    drafts.push(draft);
    keep_newest(drafts);
}

/// A group needs its draft no more: all of it was handed over, or the rest was given up. Where another juicetop has gone
/// on writing that draft, it stays.
pub fn end(drafts: &mut Vec<KeptDraft>, known: &mut Known, group: &GroupKey) {
    if let Some((id, saved)) = known.groups.remove(group) {
        drafts.retain(|d| d.id != id || d.saved != saved);
    }
}

fn keep_newest(drafts: &mut Vec<KeptDraft>) {
    drafts.sort_by_key(|d| d.saved);
    let over = drafts.len().saturating_sub(MOST_DRAFTS);
    drafts.drain(..over);
}

/// A type's values as they were sent last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastValues {
    /// When.
    pub sent: DateTime<Utc>,
    /// Of what.
    pub place: Place,
    /// The payload, without secrets.
    pub payload: String,
}

/// Reads the text of last values.
///
/// # Errors
/// In a few words, why it is none.
pub fn read_values(text: &str) -> Result<Vec<LastValues>, String> {
    let read = |raw: &&str| {
        let text = |key: &str| {
            let found = json::get(raw, key).and_then(json::string).map(std::borrow::Cow::into_owned);
            found.ok_or_else(|| format!("values without `{key}`"))
        };
        let sent = DateTime::parse_from_rfc3339(&text("sent")?).map_err(|e| e.to_string())?;
        let payload = json::get(raw, "payload").ok_or("values without `payload`")?.to_owned();
        Ok(LastValues {
            sent: sent.with_timezone(&Utc),
            place: (text("service")?.into(), text("class")?.into()),
            payload,
        })
    };
    entries(text, "values")?.iter().map(read).collect()
}

/// Writes last values.
pub fn write_values(values: &[LastValues]) -> String {
    let lines = values.iter().map(|v| {
        format!(
            r#"{{"sent": {}, "service": {}, "class": {}, "payload": {}}}"#,
            json::quote(&stamp(v.sent)),
            json::quote(&v.place.0),
            json::quote(&v.place.1),
            v.payload
        )
    });
    whole("values", lines)
}

/// Takes a type's newest values in.
pub fn put_values(values: &mut Vec<LastValues>, newest: LastValues) {
    if values.iter().any(|v| v.place == newest.place && v.sent > newest.sent) {
        return;
    }
    values.retain(|v| v.place != newest.place);
    values.push(newest);
    values.sort_by_key(|v| v.sent);
    let over = values.len().saturating_sub(MOST_VALUES);
    values.drain(..over);
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// The raw entries of a text of this version.
fn entries<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, String> {
    json::check(text).map_err(|e| format!("line {}, column {}: {}", e.line, e.column, e.what))?;
    match json::get(text, "version") {
        Some(VERSION) => {}
        Some(other) => return Err(format!("version {other} is not that of this juicetop")),
        None => return Err("there is no version".to_owned()),
    }
    let raw = json::get(text, name).filter(|raw| json::kind(raw) == Some(Kind::Array));
    json::items(raw.ok_or_else(|| format!("there is no list `{name}`"))?).map_err(|e| e.what)
}

fn whole(name: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return format!("{{\"version\": {VERSION}, \"{name}\": []}}\n");
    }
    format!("{{\"version\": {VERSION}, \"{name}\": [\n{}\n]}}\n", lines.join(",\n"))
}

// What of the state is to be kept

/// For how long after a key the draft may be in memory alone.
pub const AFTER: std::time::Duration = std::time::Duration::from_secs(1);

/// What is kept of the state, and when to look next.
#[derive(Debug, Default)]
pub struct Keeping {
    /// When to look whether a draft has changed; `None`: nobody has typed since.
    pub due: Option<std::time::Duration>,
    /// What was given away to be written.
    given: HashMap<Place, Draft>,
    /// Groups on their way, whose drafts are kept for as long.
    groups: Vec<GroupKey>,
}

impl Keeping {
    /// These drafts were read.
    pub fn begin(drafts: &HashMap<Place, Draft>) -> Keeping {
        Keeping { given: drafts.clone(), ..Keeping::default() }
    }
}

/// What is to be written of the drafts as they stand: those of types that are open too.
pub fn look(app: &mut App) -> Vec<Effect> {
    app.ui.keeping.due = None;
    let open: Vec<(Place, Option<Draft>)> = app.ui.layers.iter().filter_map(open_draft).collect();
    let mut effects = Vec::new();
    let places: std::collections::BTreeSet<&Place> =
        app.ui.drafts.keys().chain(app.ui.keeping.given.keys()).chain(open.iter().map(|(p, _)| p)).collect();
    let mut changed = Vec::new();
    for place in places {
        let now = match open.iter().rev().find(|(p, _)| p == place) {
            Some((_, draft)) => draft.as_ref(),
            None => app.ui.drafts.get(place),
        };
        let now = now.and_then(to_write);
        if now.as_ref() != app.ui.keeping.given.get(place) {
            changed.push((place.clone(), now));
        }
    }
    for (place, draft) in changed {
        match &draft {
            Some(draft) => app.ui.keeping.given.insert(place.clone(), draft.clone()),
            None => app.ui.keeping.given.remove(&place),
        };
        effects.push(Effect::KeepDraft { place, draft: draft.map(Box::new) });
    }
    effects
}

/// A draft as it is written: without secrets. What is too large stays in memory, as it is.
fn to_write(draft: &Draft) -> Option<Draft> {
    let small = draft.text.len() <= LARGEST;
    small.then(|| Draft { secret: None, lacks_secrets: draft.lacks(), ..draft.clone() })
}

/// What is to be kept of a composer whose tasks are about to go out as that group, before the first of them does: should
/// this program end in the middle, the rest has something to go on from, and none of them goes out twice unasked.
pub fn begun(app: &mut App, compose: &Compose, group: GroupKey, begun: Begun) -> Option<Effect> {
    let draft = to_write(&Draft { begun: Some(begun), ..compose.draft() })?;
    let place = compose.place();
    let takes_place = !compose.filled;
    if takes_place {
        app.ui.keeping.given.remove(&place);
    }
    app.ui.keeping.groups.push(group.clone());
    Some(Effect::KeepGroup { group, place, draft: Box::new(draft), takes_place })
}

/// Groups that are no longer on their way need their drafts no more.
pub fn ended(app: &mut App) -> Vec<Effect> {
    let (session, mut over) = (&app.session, Vec::new());
    app.ui.keeping.groups.retain(|group| {
        let going = session.sending_of(group).is_some();
        if !going {
            over.push(Effect::DropGroup { group: group.clone() });
        }
        going
    });
    over
}

/// The draft of a composer that is open. One that was filled from a task and is as it was leaves its type's alone.
fn open_draft(layer: &Layer) -> Option<(Place, Option<Draft>)> {
    let Layer::Compose(compose) = layer else { return None };
    let place = compose.place();
    match (compose.is_edited(), compose.filled) {
        (true, _) => Some((place, Some(compose.draft()))),
        (false, false) => Some((place, None)),
        (false, true) => None,
    }
}

/// What is kept of a payload that goes out; `None` where secrets cannot be told from the rest, or it is too large.
pub fn values_of(compose: &Compose) -> Option<String> {
    let text = compose.draft().text;
    let is_object = json::check(&text).is_ok() && json::kind(text.trim_start()) == Some(Kind::Object);
    (is_object && text.len() <= LARGEST).then(|| json::compact(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Now;

    fn draft(text: &str) -> Draft {
        Draft {
            text: text.to_owned(),
            secret: None,
            lacks_secrets: false,
            json: false,
            parallel: false,
            way: Way::Scheduled(None),
            sweeps: Vec::new(),
            group: Group::default(),
            begun: None,
        }
    }

    fn begun(same: bool) -> Begun {
        Begun { name: "T1 \"over\" a".into(), tag: "4f2a".into(), of: 100, same }
    }

    fn place(class: &str) -> Place {
        ("cryo".into(), class.into())
    }

    fn at(seconds: f64) -> DateTime<Utc> {
        Now::at(seconds).utc
    }

    #[test]
    fn drafts_are_read_as_they_were_written_and_no_secret_is_in_them() {
        let run_at = DateTime::parse_from_rfc3339("2026-11-25T06:00:00.5+01:00").unwrap();
        let mut drafts = Vec::new();
        let mut known = Known::default();
        for (n, d) in [
            draft("{\"a\": 1e-9, \"note\": \"li\u{1b}ne\\n\u{202e}\"}"),
            Draft { json: true, parallel: true, way: Way::Direct, ..draft("{{ no JSON") },
            Draft { secret: Some("{\"password\": \"hush\"}".to_owned()), way: Way::Alone, ..draft("{}") },
            Draft { way: Way::Scheduled(Some(run_at)), ..draft("{}") },
            Draft {
                sweeps: vec![("a.b".to_owned(), "1, \"x\"".to_owned()), ("c".to_owned(), String::new())],
                group: Group { combine: Combine::Zip, name: Some("T\"1".to_owned()), first_alone: true },
                ..draft("{}")
            },
            Draft { group: Group { first_alone: true, ..Group::default() }, ..draft("{}") },
            Draft {
                begun: Some(begun(true)),
                sweeps: vec![("a".to_owned(), "1, 2".to_owned())],
                ..draft("{}")
            },
            Draft { begun: Some(begun(false)), ..draft("{}") },
        ]
        .into_iter()
        .enumerate()
        {
            put(&mut drafts, &mut known, place(&n.to_string()), Some(d), &n.to_string(), at(n as f64));
        }
        let text = write_drafts(&drafts);
        assert!(json::check(&text).is_ok() && !text.contains("hush"), "{text}");
        let mut read = read_drafts(&text).unwrap();
        assert!(read[2].draft.lacks_secrets && !read[1].draft.lacks_secrets);
        read[2].draft.lacks_secrets = false;
        drafts[2].draft.secret = None;
        assert_eq!(read, drafts);
        assert_eq!(read_drafts(&write_drafts(&[])).unwrap(), []);
        // As a juicetop wrote it that knew neither sweeps nor groups; and with what a later one may add.
        let plain = r#"{"id": "1", "saved": "2026-11-24T21:00:00Z", "service": "cryo", "class": "Log", "way": "direct",
            "parallel": true, "json": false, "secrets_left_out": false, "payload": "{}""#;
        let old = read_drafts(&format!(r#"{{"version": 1, "drafts": [{plain}}}]}}"#)).unwrap();
        let expected = Draft { parallel: true, way: Way::Direct, ..draft("{}") };
        assert_eq!(old[0].draft, expected);
        let later =
            read_drafts(&format!(r#"{{"version": 1, "drafts": [{plain}, "more": {{}}}}]}}"#)).unwrap();
        assert_eq!(later, old);
        let no_group = format!(r#"{{"version": 1, "drafts": [{plain}, "begun": {{"name": "T1"}}}}]}}"#);
        assert!(read_drafts(&no_group).is_err(), "what may have gone out is never offered as if it had not");
        for damaged in ["", "{}", "[]", "{\"version\": 2, \"drafts\": []}", &text[..text.len() / 2]] {
            assert!(read_drafts(damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn a_draft_of_another_juicetop_is_never_written_over() {
        let mut file = Vec::new();
        let (mut one, mut two) = (Known::default(), Known::default());
        let p = place("Sweep");
        put(&mut file, &mut one, p.clone(), Some(draft("{\"by\": 1}")), "a", at(1.0));
        // The other one starts, goes on with that draft, and so does the first, who knows nothing of it.
        assert_eq!(newest(&file, &mut two)[&p], draft("{\"by\": 1}"));
        put(&mut file, &mut two, p.clone(), Some(draft("{\"by\": 2}")), "b", at(2.0));
        assert_eq!(file.len(), 1, "{file:?}");
        put(&mut file, &mut one, p.clone(), Some(draft("{\"by\": 11}")), "c", at(3.0));
        put(&mut file, &mut one, p.clone(), Some(draft("{\"by\": 111}")), "d", at(4.0));
        let texts = |file: &[KeptDraft]| file.iter().map(|d| d.draft.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&file), ["{\"by\": 2}", "{\"by\": 111}"]);
        // The first one sends its own; the other's stays and is offered next.
        put(&mut file, &mut one, p.clone(), None, "e", at(5.0));
        assert_eq!(texts(&file), ["{\"by\": 2}"]);
        put(&mut file, &mut two, p.clone(), None, "f", at(6.0));
        assert_eq!(file, []);
        // One that the other has sent is not taken away again, nor brought back.
        put(&mut file, &mut two, p, None, "g", at(7.0));
        assert_eq!(file, []);
    }

    #[test]
    fn the_draft_of_a_group_stands_beside_the_types_own_and_goes_with_the_group() {
        let mut file = Vec::new();
        let (mut one, mut two) = (Known::default(), Known::default());
        let (p, group) = (place("Sweep"), begun(true).key(&"cryo".into()));
        let of_group = |id: &str, seconds: f64| KeptDraft {
            id: id.to_owned(),
            saved: at(seconds),
            place: p.clone(),
            draft: Draft { begun: Some(begun(true)), ..draft("{\"by\": 1}") },
        };
        let ids = |file: &[KeptDraft]| file.iter().map(|d| d.id.clone()).collect::<Vec<_>>();
        put(&mut file, &mut one, p.clone(), Some(draft("{\"by\": 1}")), "a", at(1.0));
        begin(&mut file, &mut one, group.clone(), of_group("b", 2.0), true);
        assert_eq!(ids(&file), ["b"], "it takes the place of the type's own");
        put(&mut file, &mut one, p.clone(), Some(draft("{\"by\": 2}")), "c", at(3.0));
        assert_eq!(ids(&file), ["b", "c"]);
        end(&mut file, &mut one, &group);
        assert_eq!(ids(&file), ["c"]);
        end(&mut file, &mut one, &group);
        begin(&mut file, &mut one, group.clone(), of_group("d", 4.0), false);
        assert_eq!(ids(&file), ["c", "d"], "one filled from a task leaves the type's own alone");
        // Another juicetop, opened after this one was killed, goes on with it; should this one live after all, it
        // leaves that alone.
        assert_eq!(newest(&file, &mut two)[&p].begun, Some(begun(true)));
        let changed = Draft { begun: Some(begun(false)), ..draft("{\"by\": 3}") };
        put(&mut file, &mut two, p.clone(), Some(changed), "e", at(5.0));
        end(&mut file, &mut one, &group);
        assert_eq!(ids(&file), ["c", "d"]);
        // Sent again by the other, it is that one's group's.
        begin(&mut file, &mut two, group.clone(), of_group("f", 6.0), true);
        assert_eq!(ids(&file), ["c", "f"]);
        end(&mut file, &mut two, &group);
        assert_eq!(ids(&file), ["c"]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_newest_stay() {
        let mut file = Vec::new();
        let mut known = Known::default();
        let mut values = Vec::new();
        for n in 0..600 {
            let p = place(&n.to_string());
            put(&mut file, &mut known, p.clone(), Some(draft("{}")), &n.to_string(), at(f64::from(n)));
            let payload = format!("{{\"n\":{n}}}");
            put_values(&mut values, LastValues { sent: at(f64::from(n)), place: p, payload });
        }
        assert_eq!((file.len(), &*file[0].place.1), (MOST_DRAFTS, "500"));
        assert_eq!((values.len(), &*values[0].place.1), (MOST_VALUES, "100"));
        assert_eq!(read_values(&write_values(&values)).unwrap(), values);
        let old = LastValues { sent: at(0.0), place: place("599"), payload: "{}".to_owned() };
        put_values(&mut values, old);
        assert_eq!(values.last().unwrap().payload, "{\"n\":599}", "an older one does not take its place");
    }
}
