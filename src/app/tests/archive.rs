//! When Juice's own database is read, and what is said of it. The test plays the thread that reads.

use super::*;
use crate::app::archive::{Heard, Question};

const DAY: Duration = Duration::from_secs(86_400);

fn bench(size: (u16, u16)) -> Bench {
    Bench::with(Settings { archive: Ok(DAY), ..Settings::default() }, size)
}

/// Lets time pass as the loop does; what was asked then.
fn asked(b: &mut Bench, seconds: f64) -> Option<Question> {
    let end = Now::at(b.now.mono.as_secs_f64() + seconds);
    while let Some(at) = b.app.wake_at(b.now).filter(|at| *at <= end.mono) {
        b.at(at.as_secs_f64()).msg(Msg::Wake);
    }
    b.at(end.mono.as_secs_f64());
    let asked = b.take().into_iter().filter_map(|effect| match effect {
        Effect::ReadArchive(question) => Some(question),
        _ => None,
    });
    let mut asked: Vec<Question> = asked.collect();
    assert!(asked.len() < 2, "{asked:?}");
    asked.pop()
}

fn hears(b: &mut Bench, question: &Question, heard: Heard) {
    b.msg(Msg::Archive(question.id, heard));
}

/// What is on the screen, without its lines' ends.
#[track_caller]
fn says(b: &mut Bench, words: &str) {
    let text = b.lines().join(" ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "{words}: {text}");
}

/// Two hours are there.
fn two_hours(b: &mut Bench, question: &Question) {
    let at = b.now.utc - chrono::TimeDelta::hours(2);
    hears(b, question, Heard::Back(at, Duration::from_secs(7200)));
}

fn fails(b: &mut Bench, question: &Question, passes: bool) {
    let why = "the database at http://db:8086 refuses the token; name another one in a file";
    hears(b, question, Heard::Failed(why.to_owned(), passes));
}

/// Back and heard again after so many seconds.
fn gap(b: &mut Bench, seconds: f64) {
    b.later(1.0).disconnect().later(seconds).connect();
    b.answer("GetScheduledTasks", "[]");
    b.take();
}

#[test]
fn the_last_day_is_read_once_at_the_start_and_how_far_it_has_come_is_told() {
    let mut b = bench((100, 30));
    let question = asked(&mut b, 10.0).expect("it is read");
    assert!(question.back >= DAY && question.back < DAY + Duration::from_secs(9), "{question:?}");
    b.keys("h").shows("Juice's database is being read");
    two_hours(&mut b, &question);
    b.shows("read back to ").shows("ctrl-r stop reading");
    // An answer to another question is none.
    b.msg(Msg::Archive(question.id + 1, Heard::Ended(None)));
    b.shows("read back to ");
    hears(&mut b, &question, Heard::Ended(Some("2 rows cannot be read".to_owned())));
    b.shows_not("read back to ").shows("of Juice's database 2 rows cannot be read");
    assert_eq!(asked(&mut b, 3_000.0), None, "once");
}

#[test]
fn what_may_pass_is_tried_later_and_later_and_what_does_not_waits_for_the_person() {
    let mut b = bench((100, 30));
    b.keys("h");
    let mut question = asked(&mut b, 10.0).unwrap();
    for pause in [60.0, 300.0, 1800.0, 1800.0] {
        fails(&mut b, &question, true);
        says(
            &mut b,
            "The database at http://db:8086 refuses the token; name another one in a file. ctrl-r tries again.",
        );
        assert_eq!(asked(&mut b, pause - 1.0), None);
        let again = asked(&mut b, 2.0).expect("it is tried again");
        assert!(again.back > question.back && again.id > question.id, "as far as was wanted");
        question = again;
        b.shows_not("refuses the token");
    }
    fails(&mut b, &question, false);
    assert_eq!(asked(&mut b, 3_000.0), None);
    b.shows("ctrl-r tries again.").keys("ctrl-r");
    let effects = b.take();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ReadArchive(_))), "{effects:?}");
}

#[test]
fn a_gap_is_read_once_the_bus_speaks_with_what_began_before_it_and_the_banner_tells() {
    let mut b = bench((100, 30));
    let first = asked(&mut b, 10.0).unwrap();
    hears(&mut b, &first, Heard::Ended(None));
    b.runs(&job("old")).later(1_000.0);
    b.runs(&Job { parallel: true, ..job("new") });
    gap(&mut b, 40.0);
    assert_eq!(asked(&mut b, 4.0), None, "it is written each second");
    let question = asked(&mut b, 2.0).expect("the gap is read");
    let back = question.back.as_secs();
    assert!((100..130).contains(&back), "the gap and a minute: {back}");
    let mut ids = question.ids.clone();
    ids.sort();
    assert_eq!(ids, ["new".into(), "old".into()]);
    assert!(question.far.as_secs() > 1_000, "{question:?}");
    b.shows("Nothing was seen from");
    says(&mut b, "Juice's database is being read.");
    hears(&mut b, &question, Heard::Took { tasks: 3, settled: 1 });
    hears(&mut b, &question, Heard::Ended(None));
    says(&mut b, "What ran then stands in the history, from Juice's database; 1 unknown task is settled.");
    // Two are still unknown: what could not be written at once may come later.
    assert_eq!(asked(&mut b, 115.0), None);
    let more = asked(&mut b, 10.0).expect("once more");
    assert!(more.back > question.back);
    hears(&mut b, &more, Heard::Ended(None));
    says(&mut b, "1 unknown task is settled");
    assert_eq!(asked(&mut b, 1_000.0), None, "and no more");
}

#[test]
fn a_gap_in_which_it_could_not_be_read_is_read_when_it_can_be() {
    let mut b = bench((100, 30));
    let first = asked(&mut b, 10.0).unwrap();
    hears(&mut b, &first, Heard::Ended(None));
    gap(&mut b, 40.0);
    let question = asked(&mut b, 6.0).unwrap();
    fails(&mut b, &question, true);
    says(&mut b, "What ran then is not known: the database at http://db:8086 refuses the token");
    let again = asked(&mut b, 61.0).expect("again");
    assert!(again.back > question.back);
    // Another gap while it is read.
    gap(&mut b, 5.0);
    hears(&mut b, &again, Heard::Ended(None));
    let second = asked(&mut b, 10.0).expect("the second gap");
    hears(&mut b, &second, Heard::Ended(None));
    assert_eq!(asked(&mut b, 1_000.0), None);
}

#[test]
fn it_can_be_stopped_and_what_comes_then_is_nothing() {
    let mut b = bench((100, 30));
    let question = asked(&mut b, 10.0).unwrap();
    b.keys("h ctrl-r");
    assert!(b.take().contains(&Effect::StopArchive));
    b.shows("not read any further");
    assert!(!b.app.ui.archive.wants(question.id));
    assert_eq!(asked(&mut b, 1_000.0), None);
    b.shows("Juice's database: stopped");
}

#[test]
fn where_none_is_configured_nothing_is_asked_and_only_who_looks_is_told() {
    let mut b = Bench::with(
        Settings { archive: Err("there is no token".to_owned()), ..Settings::default() },
        (100, 30),
    );
    assert_eq!(asked(&mut b, 1_000.0), None);
    gap(&mut b, 40.0);
    assert_eq!(asked(&mut b, 100.0), None);
    b.shows_not("Juice's").keys("h");
    let id = b.take().into_iter().find_map(|effect| match effect {
        Effect::FindPast(query) => Some(query.id),
        _ => None,
    });
    b.msg(Msg::Found(crate::store::past::query::Found { id: id.unwrap(), ..Default::default() }));
    b.shows("Juice's own database of tasks is not read: there is no token.");
    b.keys("ctrl-r");
    assert_eq!(b.notice(), "Juice's own database of tasks is not read: there is no token");
    assert_eq!(asked(&mut b, 100.0), None);
}

#[test]
fn on_a_small_screen_it_fits_too() {
    let mut b = bench((40, 12));
    let question = asked(&mut b, 10.0).unwrap();
    b.keys("h");
    two_hours(&mut b, &question);
    b.shows("read to ");
    fails(&mut b, &question, false);
    says(&mut b, "The database at http://db:8086 refuses");
}
