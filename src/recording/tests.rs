//! What is written is read again, whatever it is; what is cleaned says nothing and means the same.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    app::session::Session,
    store::{Input, Limits, Store},
    time::Now,
    wire::link::{Problem, ProblemKind},
};

const SECRET: &str = "s3cr3t";

fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(Text::from)
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![Just(Line::Bus), Just(Line::Router), text().prop_map(Line::Service)]
}

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        text().prop_map(Frame::Text),
        (any::<String>(), any::<String>())
            .prop_map(|(topic, event)| Frame::Binary(bus::encode(&topic, &event).into())),
        any::<Vec<u8>>().prop_map(|bytes| Frame::Binary(bytes.into())),
    ]
}

fn state() -> impl Strategy<Value = LinkState> {
    let problem = (0_usize..3, any::<String>(), any::<String>()).prop_map(|(kind, what, remedy)| Problem {
        kind: [ProblemKind::Unreachable, ProblemKind::Tls, ProblemKind::BadAddress][kind],
        what,
        remedy,
    });
    prop_oneof![
        any::<u32>().prop_map(|attempt| LinkState::Connecting { attempt }),
        Just(LinkState::Live),
        (any::<u32>(), any::<u32>(), problem.clone()).prop_map(|(attempt, until, problem)| {
            LinkState::Waiting { attempt, until: Duration::from_micros(u64::from(until)), problem }
        }),
        problem.prop_map(|problem| LinkState::Stopped { problem }),
    ]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        (line(), state()).prop_map(|(line, state)| What::Link { line, state }),
        (line(), frame()).prop_map(|(line, frame)| What::In { line, frame }),
        (line(), text()).prop_map(|(line, text)| What::Out { line, text }),
        text().prop_map(|id| What::Sent { id }),
        (text(), text()).prop_map(|(id, why)| What::Unsent { id, why }),
        (line(), text(), any::<u64>()).prop_map(|(line, why, length)| What::Bad { line, why, length }),
        any::<u64>().prop_map(|count| What::Missed { count }),
        text().prop_map(|key| What::PutAway { key }),
        (0_i64..4_000_000_000)
            .prop_map(|s| What::Clock { utc: DateTime::from_timestamp(s, 123_456_000).unwrap_or_default() }),
        Just(What::End),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    (any::<u32>(), what()).prop_map(|(at, what)| Entry { at: Duration::from_micros(u64::from(at)), what })
}

fn head() -> Head {
    Head {
        juicetop: "0.1.0".into(),
        started: DateTime::parse_from_rfc3339("2026-11-24T22:00:00.000001+01:00").unwrap(),
        lab: "cryo \"2\"\u{1b}".into(),
        address: "ws://lab:5124".into(),
        services: vec!["fridge".into(), "lab".into()],
        redacted: false,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(entry in entry()) {
        let line = entry.write();
        prop_assert!(!line.contains('\n'), "{line}");
        prop_assert_eq!(Entry::read(&line).unwrap(), entry);
    }

    #[test]
    fn no_line_is_too_odd(line in any::<String>(), entry in entry(), cut in any::<prop::sample::Index>()) {
        let _ = (Entry::read(&line), Head::read(&line), is_eventful(&line));
        let whole = entry.write();
        let part = &whole[..whole.floor_char_boundary(cut.index(whole.len()))];
        prop_assert!(Entry::read(part).is_err(), "{part}");
    }

    #[test]
    fn what_is_cleaned_can_be_read_again(entry in entry()) {
        // Whatever comes in, the cleaned line can be read, and cleaning it again changes nothing more.
        let mut first = Redactor::default();
        let once = first.entry(&entry);
        prop_assert_eq!(Entry::read(&once.write()).unwrap(), once);
    }
}

#[test]
fn the_first_line_is_read_again_and_newer_forms_are_refused() {
    let line = head().write();
    assert_eq!(Head::read(&line).unwrap(), head());
    let newer = line.replacen(":1,", ":2,", 1).replace("0.1.0", "7.0");
    let told = Head::read(&newer).unwrap_err().0;
    assert!(told.contains("juicetop 7.0 in form 2") && told.contains("newer one"), "{told}");
    for bad in ["", "{}", "[1]", "PK\u{3}\u{4}", r#"{"event":"task"}"#] {
        assert!(Head::read(bad).unwrap_err().0.contains("no recording of juicetop"), "{bad}");
    }
    let told = Head::read(r#"{"juicetop_recording":1,"started":"soon"}"#).unwrap_err().0;
    assert!(told.contains("`started`"), "{told}");
}

#[test]
fn a_line_is_told_by_what_is_wrong_with_it() {
    for (line, says) in [
        (r#"{"t":1}"#, "kind that this version does not know"),
        (r#"{"t":1,"smell":"odd"}"#, "kind that this version does not know"),
        (r#"{"t":-1,"missed":1}"#, "`t`"),
        (r#"{"missed":1}"#, "`t`"),
        (r#"{"t":1,"missed":1"#, "no JSON object"),
        (r#"{"t":1,"in":"moon","text":""}"#, "`in` names no connection"),
        (r#"{"t":1,"in":"bus"}"#, "no text `text`"),
        (r#"{"t":1,"in":"bus","parts":["a"]}"#, "`parts`"),
        (r#"{"t":1,"in":"bus","base64":"?"}"#, "`base64`"),
        (r#"{"t":1,"link":"bus","state":"odd"}"#, "`state`"),
        (r#"{"t":1,"link":"bus","state":"stopped","kind":"odd"}"#, "`kind`"),
        (r#"{"t":1,"clock":"noon"}"#, "`clock`"),
    ] {
        let told = Entry::read(line).unwrap_err().0;
        assert!(told.contains(says), "{line}: {told}");
    }
}

/// A lab's hour with a secret in every place where a person, a service or a Juice can write one.
fn secretive() -> Vec<Entry> {
    let s = SECRET;
    let mut entries = Vec::new();
    let mut at = 0;
    let mut add = |what: What| {
        at += 1_000_000;
        entries.push(Entry { at: Duration::from_micros(at), what });
    };
    let bus_ = |topic: &str, event: String| What::In {
        line: Line::Bus,
        frame: Frame::Binary(bus::encode(topic, &event).into()),
    };
    let task = |id: &str, kind: &str, state: &str, payload: &str| {
        let metadata = format!(
            r#"{{"parallel": false, "display_name": "{s}", "show_in_dashboard": true, "{s}": "{s}"}}"#
        );
        bus_(
            &format!("TaskEvent.{s}."),
            format!(
                r#"{{"time": "2026-11-24T21:00:00Z", "task_id": "{id}", "task_target": "fridge", "task_type": "{kind}",
                    "task_display_name": "Measure: q='{s}' [{s} 1/2 #4f2a]", "task_metadata": {}, "task_payload": {},
                    "task_state": "{state}", "show_in_dashboard": true, "{s}": ["{s}"]}}"#,
                quote(&metadata),
                quote(payload)
            ),
        )
    };
    let out = |id: &str, target: &str, kind: &str, payload: &str| {
        What::Out {
        line: Line::Router,
        text: format!(
            r#"{{"id": "{id}", "target": "{target}", "type": "{kind}", "metadata": {{"parallel": false, "display_name": "{s}", "show_in_dashboard": true, "x": "{s}"}}, "payload": {payload}, "{s}": 1}}"#
        )
        .into(),
    }
    };
    let reply = |text: String| What::In { line: Line::Router, frame: Frame::Text(text.into()) };
    let error = format!(r#""status": "error", "ename": "{s}Error", "evalue": "{s}", "traceback": ["{s}"]"#);
    let snapshot = |sid: &str, status: &str| {
        // Only what was dispatched has an id and a result.
        let (task_id, result) = match status {
            "failed" => (format!("\"of-{sid}\""), format!(r#"{{"id": "of-{sid}", {error}}}"#)),
            _ => ("null".to_owned(), "null".to_owned()),
        };
        format!(
            r#"{{"scheduled_task_id": "{sid}", "task_id": {task_id}, "target": "fridge", "task_type": "MeasureT1",
                "display_name": "Name {s}", "status": "{status}", "run_at": "2026-11-24T21:30:00Z", "submitted_at": "{s}",
                "eligible": true, "overdue": false, "payload": {{"{s}": "{s}"}}, "result": {result}}}"#
        )
    };
    let problem = Problem { kind: ProblemKind::Unreachable, what: s.to_owned(), remedy: s.to_owned() };
    let until = Duration::from_secs(9);
    add(What::Link {
        line: Line::Bus,
        state: LinkState::Waiting { attempt: 1, until, problem: problem.clone() },
    });
    add(What::Link { line: Line::Router, state: LinkState::Stopped { problem } });
    add(What::Link { line: Line::Bus, state: LinkState::Live });
    add(What::Link { line: Line::Router, state: LinkState::Live });
    add(out("list", "task-manager", "GetScheduledTasks", "{}"));
    add(out("topics", "task-manager", "GetEventTopicList", "{}"));
    add(reply(format!(
        r#"{{"id": "list", "status": "ok", "result": [{}, {}, {{"{s}": "{s}"}}]}}"#,
        snapshot("sid-1", "failed"),
        snapshot("sid-2", "queued")
    )));
    add(reply(format!(
        r#"{{"id": "topics", "status": "ok", "result": {{"IPythonServiceState.lab.": {{"{s}": 1}}, "{s} {s}.x": 1}}}}"#
    )));
    // A task of somebody's that fails, a cell that is interrupted, one that ends well and one that runs on.
    let payload = format!(r#"{{"qubit": "{s}", "code": "print('{s}')", "run_async": false}}"#);
    for (id, kind, answer) in [
        ("a", "MeasureT1", format!(r#"{{"id": "a", {error}}}"#)),
        (
            "b",
            "IPythonTask",
            format!(
                r#"{{"id": "b", "status": "ok", "result": {{"status": "error", "ename": "KeyboardInterrupt", "evalue": "{s}"}}}}"#
            ),
        ),
        (
            "c",
            "IPythonTask",
            format!(
                r#"{{"id": "c", "status": "ok", "result": {{"status": "ok", "result": "{s}"}}, "{s}": "{s}"}}"#
            ),
        ),
        ("d", "MeasureT1", format!(r#"{{"id": "d", "status": "{s}"}}"#)),
        ("e", "MeasureT1", s.to_owned()),
    ] {
        add(task(id, kind, "created", &payload));
        add(task(id, kind, "started", &payload));
        add(task(id, kind, "completed", &answer));
    }
    add(task(&format!("{s} f"), "MeasureT1", "created", &payload));
    add(task(&format!("{s} f"), "MeasureT1", "started", &payload));
    add(What::PutAway { key: format!("{s} f").into() });
    add(bus_("IPythonServiceState.lab.", format!(r#"{{"time": "{s}", "service": "lab", "state": "{s}"}}"#)));
    add(bus_(
        "ScheduledTaskEvent.x.",
        format!(
            r#"{{"time": "2026-11-24T21:00:00Z", "scheduled_task_id": "sid-3", "task_id": null, "target": "lab",
                "task_type": "MeasureT1", "display_name": "{s}", "status": "queued", "{s}": "{s}"}}"#
        ),
    ));
    add(bus_("ThrottleStateEvent.x.", format!(r#"{{"throttled": 0, "id": "{s}", "value": "{s}"}}"#)));
    add(bus_(&format!("{s} {s}.{s}"), format!(r#"{{"{s}": "{s}"}}"#)));
    add(What::In { line: Line::Bus, frame: Frame::Binary(s.as_bytes().into()) });
    add(reply(s.to_owned()));
    add(What::Bad { line: Line::Bus, why: s.into(), length: 3 });
    // Own tasks: direct, scheduled and cancelled, one that did not go out, frames that are none.
    add(out("own-1", "fridge", "MeasureT1", &payload));
    add(What::Sent { id: "own-1".into() });
    add(reply(format!(r#"{{"id": "own-1", "status": "ok", "result": "{s}"}}"#)));
    add(out("own-2", "fridge", "MeasureT1", &payload));
    add(What::Unsent { id: "own-2".into(), why: s.into() });
    let carried = format!(
        r#"{{"scheduled_task_target": "fridge", "task_type": "MeasureT1", "task_metadata": {{"parallel": true, "x": "{s}"}},
            "task_payload": {payload}, "task_display_name": "{s}", "run_at": null, "{s}": "{s}"}}"#
    );
    add(out("own-3", "task-manager", "ScheduleTask", &carried));
    add(reply(format!(r#"{{"id": "own-3", "status": "ok", "result": {}}}"#, snapshot("sid-4", "queued"))));
    add(out("own-4", "task-manager", "CancelScheduledTask", r#"{"scheduled_task_id": "sid-4"}"#));
    add(reply(r#"{"id": "own-4", "status": "ok", "result": true}"#.to_owned()));
    add(out("own-5", "task-manager", "GetScheduledTask", r#"{"scheduled_task_id": "sid-4"}"#));
    add(reply(format!(r#"{{"id": "own-5", "status": "ok", "result": {}}}"#, snapshot("sid-4", "cancelled"))));
    add(What::Out { line: Line::Router, text: s.into() });
    add(What::Link { line: Line::Service(format!("{s} !").into()), state: LinkState::Live });
    add(What::Missed { count: 3 });
    add(What::End);
    entries
}

/// What a recording makes of the lab: tasks in their order with lane, state, outcome, reason and times, slots and counts.
fn story(entries: &[Entry]) -> Vec<String> {
    let mut session = Session::of_recording(Store::new(Limits::default()), Now::at(0.0));
    let mut last = Now::at(0.0);
    session.store.apply(Input::Configured(vec!["fridge".into(), "lab".into()]), last);
    for entry in entries {
        last = Now::at(entry.at.as_secs_f64());
        session.replay(entry.what.clone(), last);
    }
    session.pass(Now::at(last.mono.as_secs_f64() + 300.0));
    let store = &session.store;
    let task = |task: &crate::store::Task| {
        format!(
            "{} {:?} {:?} {:?} {:?} own={:?} hidden={} cancel={} group={:?} {:?}",
            task.service,
            task.lane,
            task.state,
            task.outcome,
            task.reason.as_ref().map(crate::store::Reason::word),
            task.own,
            task.hidden,
            task.cancel_wished,
            task.group.as_ref().map(|member| (member.mark.place, member.mark.of, member.mark.tag.clone())),
            task.duration(last),
        )
    };
    let mut story: Vec<String> = store.tasks().map(task).collect();
    for name in ["fridge", "lab"] {
        story.push(format!("{name}: {:?}", store.lanes(name, true, last).slot));
    }
    story.push(format!("{:?} bad={} missed={}", store.counts(true), session.bad, session.missed));
    story.push(format!("{:?} {:?}", session.has_scheduler, store.schedule_unreadable().is_some()));
    story
}

#[test]
fn no_secret_stays_and_the_lanes_stay_the_same() {
    let entries = secretive();
    let told = entries.iter().map(Entry::write).collect::<Vec<_>>().join("\n");
    assert!(told.matches(SECRET).count() > 100, "the secret is where it may be");
    let mut redactor = Redactor::default();
    let mut opening = head();
    (opening.lab, opening.address, opening.services[0]) =
        (SECRET.into(), SECRET.into(), format!("{SECRET} !").into());
    let opening = redactor.head(&opening).write();
    assert!(!opening.contains(SECRET) && opening.contains("\"redacted\":true"), "{opening}");
    let cleaned: Vec<Entry> = entries.iter().map(|entry| redactor.entry(entry)).collect();
    for entry in &cleaned {
        let line = entry.write();
        assert!(!line.contains(SECRET), "{line}");
        assert_eq!(Entry::read(&line).unwrap(), *entry);
    }
    let (before, after) = (story(&entries), story(&cleaned));
    assert_eq!(before, after);
    // It is a story worth telling: all outcomes are in it.
    let all = before.join("\n");
    for word in ["Some(Ok)", "Some(Failed)", "Some(Cancelled)", "interrupted", "not-sent", "put-away"] {
        assert!(all.contains(word), "{word} in\n{all}");
    }
    // Cleaned once is clean.
    let mut again = Redactor::default();
    let twice: Vec<Entry> = cleaned.iter().map(|entry| again.entry(entry)).collect();
    assert_eq!(story(&twice), after);
}
