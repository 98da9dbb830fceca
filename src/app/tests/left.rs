//! Since the person left: what is told on coming back, and what is kept of having been here. The test plays the thread that counts.

use super::*;
use crate::{
    app::left::{AWAY, Left, Visit},
    store::{
        Own, Past,
        past::{
            away::{Away, News, Tally},
            query::Column,
        },
    },
};

fn at(seconds: f64) -> DateTime<Utc> {
    Now::at(seconds).utc
}

/// Left at second 0, watched up to second 600, and back at second 30,000.
fn back(visit: Visit) -> Bench {
    let mut b = Bench::new();
    b.at(30_000.0);
    b.app.ui.left = Left::begin(visit, true, b.now);
    b.msg(Msg::Wake);
    b
}

fn visit() -> Visit {
    Visit { left: Some(at(0.0)), whole: true, watched: vec![(at(0.0), at(600.0))] }
}

fn counted(b: &mut Bench) -> Option<Away> {
    b.take().into_iter().find_map(|effect| match effect {
        Effect::CountNews(away) => Some(away),
        _ => None,
    })
}

/// The last of what was to be kept.
fn kept(b: &mut Bench) -> Option<Visit> {
    b.take().into_iter().rev().find_map(|effect| match effect {
        Effect::KeepVisit(visit) => Some(*visit),
        _ => None,
    })
}

fn news() -> News {
    let own = Tally { ok: 12, failed: 2, cancelled: 0, unknown: 1 };
    News { own, others: Tally { ok: 40, failed: 1, ..Tally::default() } }
}

#[test]
fn what_became_of_tasks_is_told_until_it_is_put_away_and_listed_again() {
    let mut b = back(visit());
    let away = counted(&mut b).unwrap();
    assert_eq!(away, Away { since: at(0.0), until: at(30_000.0), sure: true });
    b.shows_not("Since you left");
    b.msg(Msg::News(away, News::default())).shows_not("Since you left");
    b.msg(Msg::News(away, news()));
    b.shows("8 h 20 min): yours 12 ok, 2 failed, 1 unknown; others 40 ok, 1 failed.");
    b.shows(" Not watched: 8 h 10 min of it. L lists them, esc puts this away.");
    assert_eq!(counted(&mut b), None, "it is asked for once");
    b.keys("esc").shows_not("Since you left");
    // What is learned later changes nothing of that.
    b.msg(Msg::News(away, News { own: Tally::default(), ..news() })).shows_not("Since you left");
    b.keys("L").shows("Since you left").shows("No juicetop watched from");
    let query = b.take().into_iter().find_map(|effect| match effect {
        Effect::FindPast(query) => Some(query),
        _ => None,
    });
    let query = query.unwrap();
    assert_eq!((query.away, query.sort, query.down), (Some(away), Column::Outcome, false));
    b.keys("esc h");
    let query = b.take().into_iter().find_map(|effect| match effect {
        Effect::FindPast(query) => Some(query),
        _ => None,
    });
    assert_eq!(query.unwrap().away, None, "the history has all");
}

#[test]
fn whoever_was_never_here_or_is_not_kept_is_told_nothing() {
    let mut b = back(Visit::default());
    assert_eq!(counted(&mut b), None);
    b.keys("L").shows("nothing is known of an earlier visit").later(60.0).msg(Msg::Wake);
    assert!(kept(&mut b).is_some(), "this one is kept");
    // By a clock that was ahead.
    let mut b = back(Visit { left: Some(at(40_000.0)), ..visit() });
    assert_eq!(counted(&mut b), None);
    // A demonstration.
    let mut b = Bench::new();
    b.later(2.0 * AWAY.as_secs_f64()).keys("j").later(2.0 * AWAY.as_secs_f64()).keys("j L");
    assert_eq!((kept(&mut b), counted(&mut b)), (None, None));
    assert_eq!((b.app.parting(b.now), b.app.ui.left.wake_at()), (Vec::new(), None));
}

#[test]
fn a_key_is_kept_within_a_minute_and_that_somebody_watches_each_five() {
    let mut b = back(visit());
    // It hears the lab: that is kept at once, so that a sudden end loses little.
    let first = kept(&mut b).unwrap();
    assert_eq!(first.left, Some(at(0.0)));
    assert_eq!(first.watched.last(), Some(&(at(30_000.0), at(30_000.0))));
    assert_eq!(b.app.ui.left.wake_at(), Some(Duration::from_secs(30_300)));
    b.later(10.0).key("j");
    assert_eq!((kept(&mut b), b.app.ui.left.wake_at()), (None, Some(Duration::from_secs(30_060))));
    b.at(30_060.0).msg(Msg::Wake);
    let second = kept(&mut b).unwrap();
    assert_eq!((second.left, second.whole), (Some(at(30_010.0)), true));
    assert_eq!(second.watched.last(), Some(&(at(30_000.0), at(30_060.0))));
    // Nothing was pressed since.
    assert_eq!(b.app.ui.left.wake_at(), Some(Duration::from_secs(30_360)));
    b.at(30_100.0).key("j");
    assert!(
        matches!(&b.app.parting(b.now)[..], [Effect::KeepVisit(visit)] if visit.left == Some(at(30_100.0)))
    );
}

#[test]
fn a_time_in_which_nothing_was_heard_is_not_called_watched() {
    let mut b = back(visit());
    b.at(30_100.0).speaks().at(30_120.0).disconnect();
    assert_eq!(kept(&mut b).unwrap().watched.last(), Some(&(at(30_000.0), at(30_120.0))), "kept at once");
    b.at(30_200.0).msg(Msg::Wake).at(30_290.0).connect().at(30_500.0).msg(Msg::Wake);
    let visit = kept(&mut b).unwrap();
    let spans = [(at(0.0), at(600.0)), (at(30_000.0), at(30_120.0)), (at(30_290.0), at(30_500.0))];
    assert_eq!(Visit::read(&visit.text()).unwrap().watched, spans);
    // Nor is one in which the machine slept.
    b.at(40_000.0).msg(Msg::Wake);
    let visit = kept(&mut b).unwrap();
    assert_eq!(visit.watched[2..], [(at(30_290.0), at(30_500.0)), (at(40_000.0), at(40_000.0))]);
}

#[test]
fn whoever_comes_back_to_an_open_screen_was_away_too() {
    let mut b = back(Visit::default());
    b.keys("j");
    let left = b.now.utc;
    b.later(AWAY.as_secs_f64() - 10.0).keys("j");
    assert_eq!(counted(&mut b), None, "that was only a talk");
    let since = b.now.utc;
    assert!(since > left);
    b.later(AWAY.as_secs_f64()).msg(Msg::Wake);
    b.later(1.0).key("j");
    let away = counted(&mut b).unwrap();
    assert_eq!(away, Away { since, until: b.now.utc, sure: true });
    b.msg(Msg::News(Away { since: left, ..away }, news())).shows_not("Since you left");
    b.msg(Msg::News(away, news())).shows("Since you left");
}

#[test]
fn a_small_screen_has_it_in_three_lines() {
    let mut b = back(visit());
    let away = counted(&mut b).unwrap();
    b.msg(Msg::News(away, news())).msg(Msg::Resize(40, 12));
    let lines = b.lines();
    assert!(lines[1].starts_with(" Since Tue 21:00, 8 h 20 min: yours"), "{lines:#?}");
    assert!(lines[3].ends_with("esc hides this."), "{lines:#?}");
    b.keys("L");
    assert!(b.lines().iter().any(|line| line.starts_with(" Since you left")), "{:#?}", b.lines());
}

#[test]
fn a_task_that_waited_when_its_sender_left_is_still_theirs() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.app.session.store.sent_before(["s-mine".into()]);
    b.connect();
    let entry = |id: &str| {
        format!(
            r#"{{"scheduled_task_id": "{id}", "task_id": "t-{id}", "target": "fridge", "task_type": "Ping",
                "display_name": "Ping: {id}", "status": "done", "run_at": null, "submitted_at": "2026-11-24T20:00:00Z",
                "result": {{"id": "t-{id}", "status": "ok", "result": 1}}, "eligible": false, "overdue": false}}"#
        )
    };
    b.answer("GetScheduledTasks", &format!("[{}, {}]", entry("s-mine"), entry("s-theirs")));
    let own = |id: &str| Past::of(b.app.store().find(id).unwrap()).own;
    assert_eq!((own("s-mine"), own("s-theirs")), (Some(Own::Scheduled), None));
}
