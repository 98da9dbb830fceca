//! A bus that falls silent, and times in which nothing was seen.

use super::*;
use crate::{app::banner::time, wire::link::ProblemKind};

fn beat(b: &mut Bench) -> &mut Bench {
    b.bus("ThrottleStateEvent.throttle_state.heartbeat.", r#"{"throttled": 0, "id": "heartbeat"}"#)
}

/// The questions that went out since the last look, by their ids.
fn questions(b: &mut Bench) -> Vec<Text> {
    let asked = b.sent().into_iter().filter(|out| out.text.contains("asks-whether-the-bus-speaks"));
    let ids = asked.map(|out| out.id.clone()).collect();
    b.take();
    ids
}

fn reply(b: &mut Bench, id: &Text) {
    let reply = format!(r#"{{"id": {}, "status": "ok", "result": null}}"#, json::quote(id));
    b.wire(Incoming::Reply { line: Line::Router, reply: Reply::parse(reply.into()).unwrap() });
}

/// Lets seconds pass, as the loop does; whether the bus was given up.
fn wait(b: &mut Bench, seconds: u32) -> bool {
    let mut given_up = false;
    for _ in 0..seconds {
        b.later(1.0).msg(Msg::Wake);
        given_up |= b.effects.iter().any(|effect| matches!(effect, Effect::GiveUp(Line::Bus, _)));
    }
    given_up
}

#[test]
fn a_bus_that_never_had_a_heartbeat_may_be_silent_for_ever() {
    let mut b = Bench::new();
    assert!(!wait(&mut b, 600));
    assert_eq!(questions(&mut b), Vec::<Text>::new());
}

#[test]
fn a_bus_that_says_nothing_of_an_answered_question_is_given_up() {
    let mut b = Bench::new();
    beat(&mut b);
    assert!(!wait(&mut b, 14));
    assert_eq!(questions(&mut b), Vec::<Text>::new());
    wait(&mut b, 1);
    let asked = questions(&mut b);
    assert_eq!(asked.len(), 1, "once");
    assert!(!wait(&mut b, 60), "who does not answer stands still, and pings tell that");
    reply(&mut b, &asked[0]);
    assert!(!wait(&mut b, 4));
    assert!(wait(&mut b, 1));
    let problem = b.effects.iter().find_map(|effect| match effect {
        Effect::GiveUp(_, problem) => Some(problem.clone()),
        _ => None,
    });
    let problem = problem.unwrap();
    assert_eq!(problem.kind, ProblemKind::Silent);
    assert!(problem.what.contains("nothing for 80 s"), "{}", problem.what);
    b.take();
    assert!(!wait(&mut b, 60), "told once");
}

#[test]
fn a_word_on_the_bus_shows_that_only_the_heartbeat_has_stopped() {
    let mut b = Bench::new();
    beat(&mut b);
    wait(&mut b, 16);
    let asked = questions(&mut b);
    reply(&mut b, &asked[0]);
    b.later(0.1).speaks();
    assert!(!wait(&mut b, 600), "from now on silence says nothing");
    assert_eq!(questions(&mut b), Vec::<Text>::new());
    // It beats again, and then something else is heard for long: that is a sign of life as well.
    beat(&mut b);
    for _ in 0..20 {
        b.later(10.0).speaks();
    }
    assert_eq!(questions(&mut b), Vec::<Text>::new());
    assert!(!wait(&mut b, 16));
    assert_eq!(questions(&mut b).len(), 1);
}

#[test]
fn a_question_whose_answer_was_lost_with_the_link_is_asked_again() {
    let mut b = Bench::new();
    beat(&mut b);
    wait(&mut b, 16);
    assert_eq!(questions(&mut b).len(), 1);
    let state = down(b.now);
    b.link(Line::Router, state);
    assert!(!wait(&mut b, 60), "nobody can be asked now");
    b.link(Line::Router, live());
    let again = questions(&mut b);
    assert_eq!(again.len(), 1);
    reply(&mut b, &again[0]);
    assert!(wait(&mut b, 6));
}

#[test]
fn a_deaf_bus_that_is_noticed_when_something_else_comes_is_given_up_at_once() {
    let mut b = Bench::new();
    beat(&mut b);
    wait(&mut b, 15);
    let asked = questions(&mut b);
    reply(&mut b, &asked[0]);
    // A task of ours is answered, before anybody woke.
    b.later(5.0);
    reply(&mut b, &"of another question".into());
    assert_eq!(b.app.session.wake_at(b.now), Some(b.now.mono));
    b.msg(Msg::Wake);
    assert!(b.effects.iter().any(|effect| matches!(effect, Effect::GiveUp(Line::Bus, _))));
}

#[test]
fn where_one_only_listens_half_a_minute_of_silence_is_enough() {
    let mut b = Bench::offline(Settings::default(), (100, 30));
    b.link(Line::Bus, live());
    beat(&mut b);
    assert!(!wait(&mut b, 29));
    assert!(wait(&mut b, 1));
}

#[test]
fn from_when_to_when_nothing_was_seen_stands_there_until_it_is_put_away() {
    let mut b = Bench::new();
    b.runs(&job("q1")).at(10.0).disconnect();
    let from = time(b.now.utc, b.now.utc);
    b.shows(&format!("What you see is as it was at {from}."));
    b.at(99.0).link(Line::Router, live()).link(Line::Bus, live()).shows("live, nothing heard yet");
    assert!(b.app.is_stale(), "that it is up says nothing of how things stand");
    b.at(100.0).speaks();
    assert!(!b.app.is_stale());
    let first = format!("Nothing was seen from {from} to {} (1:30).", time(b.now.utc, b.now.utc));
    b.shows(&first).shows("esc puts this away");
    // The task detail has it too, of what may have ended meanwhile.
    b.keys("j enter").shows("It may have ended while nothing was seen:").keys("esc").shows(&first);
    b.at(200.0).disconnect().at(201.0).connect().shows("(0:01), and once before, 1:31 in all.");
    b.keys("esc").shows_not("Nothing was seen");
    b.at(300.0).disconnect().at(302.0).connect().shows("(0:02). esc");
    // A task that began afterwards knows nothing of it.
    b.at(303.0).runs(&job("q2"));
    let shown = |b: &mut Bench, id: &str| {
        b.app.ui.layers = vec![Layer::Task(Box::new(Reader::new(TaskKey(id.into()), &b.app.settings)))];
        b.msg(Msg::Wake);
        let offset = b.now.utc.with_timezone(&chrono::Local).format(" %:z to ").to_string();
        b.lines().iter().filter(|line| line.contains(&offset)).count()
    };
    assert_eq!((shown(&mut b, "q1"), shown(&mut b, "q2")), (3, 0));
}
