//! Text from outside that would take over a terminal: names, results, errors. Everything of it is drawn as signs.

use serde_json::json;

use super::{LARGE, Program, seen};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
};

const NAME: &str =
    "name \x1b[31mred\x1b]0;owned\x07 \u{9b}31m \u{202e}gnp.exe\r\nsecond \x1b[?1000h\x1b[2J\x7f";

#[tokio::test]
async fn hostile_text_writes_no_control_byte() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let mut program = Program::live(juice, &[&lane], LARGE);
    let mut tasks = Tasks::connect(&juice.url()).await;
    seen(&mut tasks, Frame::new(&lane, "Fail", json!({"how": "hostile"})).named(NAME)).await;
    seen(&mut tasks, Frame::new(&lane, "Odd", json!({"what": "controls"})).parallel().named(NAME)).await;
    seen(&mut tasks, Frame::new(&lane, "Odd \x1b[2J\u{202e}", json!({"\x1b[2Jkey\x07": NAME})).named(NAME))
        .await;
    program.row_with(&lane, &["✘ name", "BenchError"]);
    program.row_with(&lane, &["✘ name", "ValueError"]);
    program.row_with(&lane, &["✔ name"]);
    for task in 1..=3 {
        program.type_keys("g");
        for _ in 0..task {
            program.type_keys("j");
        }
        program.type_keys("enter");
        // A long name leaves no room for its service.
        let is_head = |text: &str| text.contains(&format!(" on {lane}")) || text.contains("\n ✔ name");
        program.wait_for("the task", |text| text.contains("payload") && is_head(text));
        program.type_keys("R w");
        program.wait_for("the raw text", is_head);
        program.type_keys("R w G esc");
        program.row_with(&lane, &["✔ name"]);
    }
    // Such a type in the list to choose from, and such a payload in the composer.
    program.type_keys("g j r");
    program.wait_for("the composer", |text| text.contains("Submit to"));
    program.type_keys("f5");
    program.type_keys("esc s");
    program.wait_for("the types", |text| text.contains("type a part of the task type's name"));
    program.type_keys("esc esc esc");
    program.row_with(&lane, &["✔ name"]);
    program.assert_harmless();
    let modes = program.modes();
    assert!(modes.alternate_screen && !modes.mouse, "{modes:?}");
    program.leave();
    program.assert_harmless();
}
