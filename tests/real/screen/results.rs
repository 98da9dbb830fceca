//! Looking into what a real task gave: numbers as Python wrote them, search, plot, table.

use serde_json::json;

use super::{LARGE, Program};
use crate::common::{
    client::{Frame, Tasks},
    juice::Juice,
};

/// What a cell may give: all that other programs change or refuse.
const CODE: &str = "{'seed': 2**80, 'gain': 1.0, 'tiny': 1e-07, 'minus': -0.0, 'bad': float('nan'), \
    'delay_us': [n * 0.5 for n in range(200)], 'signal': [(-n / 50) for n in range(200)], \
    'runs': [{'qubit': f'q{n}', 't1_us': (n * 37) % 50} for n in range(30)], 'deep': [[[1]]]}";

#[tokio::test]
async fn a_result_is_looked_into_searched_plotted_and_sorted() {
    let Some(juice) = Juice::private(&["lab"]) else { return };
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut program = Program::live(&juice, &["lab"], LARGE);
    let cell = Frame::new("lab", "IPythonTask", json!({"code": CODE, "run_async": false})).named("Scan");
    // Its reply is no JSON that a strict reader takes: only the screen reads it.
    tasks.send(cell).await;
    program.wait_for("its end", |text| text.contains("✔ Scan"));
    program.type_keys("j v");
    let tree = program.wait_for("the tree", |text| text.contains("delay_us"));
    // As Python wrote them: no digit lost, no zero made an integer, no NaN made null.
    for part in ["1208925819614629174706176", "1.0", "1e-07", "-0.0", "NaN"] {
        assert!(tree.contains(part), "{part}:\n{tree}");
    }
    look_for(&mut program, "signal");
    program.type_keys("p");
    program.wait_for("the plot", |text| {
        text.contains("signal") && text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
    });
    program.type_keys("esc");
    look_for(&mut program, "runs");
    program.type_keys("t");
    program.wait_for("the table", |text| {
        text.contains("qubit") && text.contains("t1_us") && text.contains("\"q29\"")
    });
    // By the second column, upwards: 0 comes first.
    program.type_keys("l o");
    program.wait_for("it sorted", |text| {
        let row = text.lines().position(|line| line.contains("\"q0\""));
        let next = text.lines().position(|line| line.contains("\"q23\""));
        matches!((row, next), (Some(row), Some(next)) if next == row + 1)
    });
    program.type_keys("esc esc esc");
    program.leave();
}

/// Goes to the value of a key, and waits until it is there: the search works beside the keys.
fn look_for(program: &mut Program, key: &str) {
    // The line begins with what was looked for last.
    program.type_keys("/ ctrl-u");
    program.type_text(&format!("key:{key}"));
    program.type_keys("enter");
    program.wait_for(key, |text| text.contains(&format!("─ {key} ─")));
}
