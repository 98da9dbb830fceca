//! Pictures of groups: closed and open among other tasks, ended, and the screen where they are made.

use insta::assert_snapshot;

use super::*;
use crate::app::tests::{Job, job, ok};

fn member(at: usize) -> Job {
    let name = format!("MeasureT1: qubit='q{at}', averages=2000 [T1 of all qubits {at}/40 #4f2a]");
    Job { name, ..job(&format!("m{at}")) }
}

/// A group of 40 at its 13th task, one of which failed, between two other tasks.
pub(super) fn running(size: (u16, u16), charset: Charset) -> Bench {
    let settings = Settings { charset, ..Settings::default() };
    let mut b = Bench::with(settings, size);
    b.at(10.0).runs(&job("before")).at(30.0).completed(&job("before"), &ok("before"));
    for at in 1..=40 {
        b.scheduled(&format!("s{at}"), None, &member(at), "queued");
    }
    b.scheduled("s99", None, &job("after"), "queued");
    for at in 1..=13 {
        let (job, sid) = (member(at), format!("s{at}"));
        let start = 30.0 + 4.0 * at as f64;
        b.at(start).scheduled(&sid, Some(&job.id), &job, "running").runs(&job);
        if at == 13 {
            break;
        }
        let reply = match at {
            4 => crate::app::tests::error(&job.id, "BenchError", "calibration diverged", ""),
            _ => ok(&job.id),
        };
        b.at(start + 3.5).completed(&job, &reply);
        b.scheduled(&sid, Some(&job.id), &job, if at == 4 { "failed" } else { "done" });
    }
    b.later(1.0).msg(Msg::Wake);
    let key = b.app.store().lanes("fridge", false, b.now).groups[0].key.clone();
    b.app.ui.moved = true;
    b.app.ui.selected = Some(crate::app::lanes::Selected::group(key));
    b.msg(Msg::Wake);
    b
}

#[test]
fn a_group_that_runs() {
    for (name, size, charset) in [
        ("80x24", (80, 24), Charset::Unicode),
        ("40x12", (40, 12), Charset::Unicode),
        ("200x50", (200, 50), Charset::Unicode),
        ("ascii", (80, 24), Charset::Ascii),
    ] {
        let mut b = running(size, charset);
        assert_snapshot!(format!("group_{name}"), text(&b));
        b.key("enter");
        assert_snapshot!(format!("group_open_{name}"), text(&b));
    }
}

/// A form with two fields that run through several values.
fn swept(size: (u16, u16), charset: Charset) -> Bench {
    let mut b = running(size, charset);
    let file = include_str!("../../../tests/cases/catalogue-sample.json");
    assert_eq!(b.app.catalogue.add_file("types.json", file), []);
    b.key("s").types("MeasureT1").keys("enter");
    b.keys("alt-s").types("q1..q5").keys("down alt-s").types("500, 1000, 2000");
    b
}

/// The same with the group's own pane above it.
pub(super) fn many(size: (u16, u16), charset: Charset) -> Bench {
    let mut b = swept(size, charset);
    b.keys("alt-m");
    b
}

#[test]
fn many_at_once() {
    for (name, size) in [("80x24", (80, 24)), ("40x12", (40, 12)), ("200x50", (200, 50))] {
        let mut b = swept(size, Charset::Unicode);
        assert_snapshot!(format!("many_{name}"), text(&b));
        b.keys("alt-m");
        assert_snapshot!(format!("many_group_{name}"), text(&b));
        b.keys("down space");
        assert_snapshot!(format!("many_wrong_{name}"), text(&b));
        b.keys("space enter ctrl-s");
        assert_snapshot!(format!("many_question_{name}"), text(&b));
    }
}
