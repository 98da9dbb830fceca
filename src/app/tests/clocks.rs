//! Clocks that disagree: the lab's hours off from ours, ours set while the program runs, and a machine that slept.

use chrono::SecondsFormat;

use super::*;

fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

/// A lab whose clock is so many hours ahead, with a scheduled task that is due in ten minutes by it, as its list tells.
fn lab(ahead: i64) -> Bench {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.lab_ahead = hours(ahead);
    b.connect().kernel("lab", "idle");
    let at = |minutes| {
        let at = b.by_lab() + TimeDelta::minutes(minutes);
        json::quote(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    };
    let entry = format!(
        r#"{{"scheduled_task_id": "s", "task_id": null, "target": "fridge", "task_type": "T", "display_name": "T",
            "status": "queued", "run_at": {}, "submitted_at": {}, "eligible": false, "overdue": false,
            "result": null}}"#,
        at(10),
        at(-5)
    );
    b.answer("GetScheduledTasks", &format!("[{entry}]")).answer("GetEventTopicList", "{}");
    b
}

#[test]
fn what_is_to_start_at_a_time_is_due_by_the_labs_clock() {
    for (ahead, sign) in [(-7, "-7:00"), (3, "+3:00"), (2000, "+83 d"), (-2000, "-83 d")] {
        let mut b = lab(ahead);
        b.shows(&format!("lab's clock {sign}")).shows("in 10:00");
        assert_eq!(b.state("s"), State::Scheduled, "{sign}");
        // Ours is set, forwards and back, which moves nothing.
        for (seconds, set) in [(100.0, 5), (200.0, -9), (599.0, 1)] {
            b.set_ahead = hours(set);
            b.at(seconds).msg(Msg::Wake);
            assert_eq!(b.state("s"), State::Scheduled, "{sign} at {seconds}");
        }
        assert_eq!(b.app.store().wake_at(b.now), Some(Duration::from_secs(600)), "{sign}");
        b.shows("in 0:01").keys("t").shows("in 0:00").keys("esc");
        b.at(600.0).msg(Msg::Wake);
        assert_eq!(b.state("s"), State::Waiting, "{sign}");
        b.later(60.0).keys("t").shows("overdue  1:00");
    }
}

#[test]
fn the_scheduler_s_clock_orders_what_waits_and_says_how_long() {
    let mut b = lab(-4);
    // Heard of, and its moment not told yet: it stands behind what was submitted before.
    b.at(1000.0).scheduled("t", None, &job("t"), "queued").msg(Msg::Wake);
    assert_eq!(b.waiting("fridge"), ["s", "t"]);
    let mut b = lab(4);
    b.at(1000.0).scheduled("t", None, &job("t"), "queued").msg(Msg::Wake);
    assert_eq!(b.waiting("fridge"), ["s", "t"]);
}

#[test]
fn a_moment_that_is_typed_is_the_labs_and_that_is_said() {
    for (ahead, off) in [(-7, "7 h behind"), (3, "3 h ahead of")] {
        let mut b = lab(ahead);
        b.runs(&job("a")).keys("s").types("MeasureT2").keys("enter f6").types("in 2h");
        b.shows("in 1:59:59").shows(&format!("By the lab's clock, which is {off} this one.")).keys("enter");
        let run_at = b.composer().run_at().unwrap().to_utc();
        assert_eq!(run_at.timestamp(), (b.by_lab() + hours(2)).timestamp(), "{off}");
        assert!(b.notice().starts_with("not before") && !b.notice().contains("over"), "{}", b.notice());
        b.shows_not("is over").keys("ctrl-s");
        assert!(b.layers().is_empty(), "no question: it is not over: {:?}", b.layers());
        assert!(b.notice().contains("not before"), "{}", b.notice());
    }
}

#[test]
fn a_clock_that_is_right_is_not_spoken_of() {
    let mut b = lab(0);
    b.shows_not("lab's clock").runs(&job("a")).keys("s").types("MeasureT2").keys("enter f6").types("in 2h");
    b.shows("not before").shows_not("By the lab's clock");
    // Ours is what is wrong.
    b.set_ahead = hours(-1);
    b.later(1.0)
        .msg(Msg::Wake)
        .shows("By the lab's clock, which is 1 h ahead of this one.")
        .shows("in 1:59:59");
}

/// What is doubted after a time is doubted after that time, whatever our clock is set to meanwhile.
#[test]
fn doubts_come_true_in_their_time_whatever_our_clock_is_set_to() {
    for set in [-30, -1, 1, 30] {
        let mut b = lab(set / 2);
        let created = |b: &mut Bench| {
            let job = job("q");
            let payload = job.payload.clone();
            b.task_event(&job, "created", &payload);
        };
        created(b.at(10.0));
        b.kernel("lab", "idle");
        b.set_ahead = hours(set);
        b.at(29.0).msg(Msg::Wake).shows_not("not reachable");
        b.at(30.0).msg(Msg::Wake).shows("not reachable since");
        b.set_ahead = hours(-set);
        b.at(129.0).msg(Msg::Wake);
        assert_eq!(b.state("q"), State::Running { starting: true }, "{set}");
        b.at(130.0).msg(Msg::Wake);
        assert_eq!(b.state("q"), State::Unknown, "{set}");
        b.at(139.0).msg(Msg::Wake).shows_not("kernel silent");
        b.at(140.5).msg(Msg::Wake).shows("kernel silent since");
    }
}

#[test]
fn a_gap_is_told_and_measured_whatever_our_clock_is_set_to_in_it() {
    for set in [-3, 3] {
        let mut b = lab(0);
        b.at(10.0).runs(&job("q")).at(20.0).disconnect();
        b.set_ahead = hours(set);
        b.at(80.0).connect().at(90.0).completed(&job("q"), &ok("q"));
        b.go_to("fridge").keys("j");
        let task = b.app.store().find("q").unwrap();
        assert_eq!(task.duration(b.now), Some((Duration::from_secs(80), true)), "{set}");
        let gap = *b.app.session.gaps.iter().next().unwrap();
        assert_eq!(gap.length(b.now), Duration::from_secs(60));
        let key = task.key.clone();
        b.app.ui.selected = Some(Selected::task("fridge".into(), key));
        let local = |now: Now| now.utc.with_timezone(&chrono::Local).format("%H:%M:%S").to_string();
        b.at(80.0);
        let until = local(b.now);
        let from = local(b.at(20.0).now);
        b.at(90.0).shows(&format!("Nothing was seen from {from} to {until} (1:00)"));
        b.keys("enter G").shows("not seen").shows(&from);
    }
}

/// The lid was closed for eight hours: both clocks went on, and nothing was heard.
#[test]
fn after_a_night_asleep_nothing_is_said_to_run_that_may_have_ended() {
    let mut b = lab(0);
    b.at(10.0).runs(&job("theirs")).kernel("lab", "busy");
    b.bus("ThrottleStateEvent.throttle_state.heartbeat.", r#"{"throttled": 0, "id": "heartbeat"}"#);
    b.at(30_000.0).msg(Msg::Wake);
    // The connections are found dead a little later.
    b.disconnect().later(5.0).msg(Msg::Wake);
    assert_eq!(b.state("theirs"), State::Unknown);
    assert_eq!(b.state("s"), State::Unknown, "it came due unheard");
    b.connect().shows("Nothing was seen from").shows("8:19:55");
    let gap = *b.app.session.gaps.iter().next().unwrap();
    assert_eq!(gap.from.mono.as_secs(), 10, "from the last that was heard");
    // The first event after it still tells the lab's clock.
    b.kernel("lab", "idle").shows_not("lab's clock");
}
