//! What a keyboard does by accident sends nothing: stray and held Enter, pastes with and without marks, bursts, keys that
//! are held down. That nothing was sent is told by what is sent on purpose afterwards, on the same connection: only
//! that arrives.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::{LARGE, Program, arrived};
use crate::common::{
    client::{Frame, Listener, Tasks},
    juice::Juice,
};

/// Between two signs of a held key.
const REPEAT: Duration = Duration::from_millis(30);

/// What comes from the terminal, and what is then told of it.
type Accident = (&'static str, &'static [u8], &'static str);

/// On a form whose cursor stands behind `q3` in a field of one line.
const IN_A_FORM: [Accident; 8] = [
    ("a stray Enter", b"\r", ""),
    ("Enters at once", b"\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r\r", ""),
    ("a line with its end", b"\x1b[200~45\r\x1b[201~", "q345"),
    ("lines that end with CR", b"\x1b[200~4\r5\r\x1b[201~", "not pasted: it has 2 lines"),
    ("lines that end with CRLF", b"\x1b[200~4\r\n5\r\n\x1b[201~", "not pasted: it has 2 lines"),
    ("the send key in a paste", b"\x1b[200~4\x13\r\x1b[201~", "holds a control character (U+0013)"),
    ("a sequence in a paste", b"\x1b[200~\x1b[31m4\x1b[201~", "holds a control character (U+001B)"),
    ("lines without marks", b"45\ry\rY\r\r", ""),
];

/// On the question before hardware moves, some time after it came; and whether the question stays.
const ON_A_QUESTION: [(&str, &[u8], bool); 5] = [
    ("Enters at once", b"\r\r\r\r\r\r\r\r\r\r", false),
    ("a paste", b"\x1b[200~Y\x1b[201~", true),
    ("a paste of a line", b"\x1b[200~Y\r\x1b[201~", true),
    ("a line without marks", b"Y\r", false),
    ("a text without marks", b"Yes, move it\r", false),
];

impl Program {
    /// The same key again and again, as a keyboard repeats it.
    fn hold(&mut self, bytes: &[u8]) {
        for _ in 0..30 {
            self.send(bytes);
            thread::sleep(REPEAT);
        }
    }

    /// Fills the open form's first field in anew, once everything before has been dealt with.
    fn fill_in_again(&mut self, what: &str, value: &str, name: &str) {
        self.type_keys("f7");
        self.wait_for(&format!("the form as it was, after {what}"), |text| {
            text.contains("Submit to") && !text.contains(name)
        });
        // Ctrl-Home: the first field.
        self.send(b"\x1b[1;5H");
        self.type_text(value);
        self.wait_for(&format!("the name, after {what}"), |text| {
            text.contains("Submit to") && text.contains(name)
        });
    }
}

#[test]
fn nothing_but_one_press_of_the_send_key_sends_a_form() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let bus = Listener::open(&juice.url());
    let (mut program, _own) = Program::with_kinds(juice, &lane, LARGE);
    program.compose(&lane, "Texts", "Texts");
    let name = "Texts: qubit='q3'";
    program.fill_in_again("opening it", "q3", name);
    for (what, bytes, told) in IN_A_FORM {
        program.send(bytes);
        program
            .wait_for(&format!("what {what} does"), |text| text.contains("Submit to") && text.contains(told));
        program.fill_in_again(what, "q3", name);
    }
    program.hold(b"\r");
    program.fill_in_again("held Enter", "q3", name);
    let large = format!("\x1b[200~{}\x1b[201~", "4".repeat(64 * 1024 + 1));
    program.send(large.as_bytes());
    program.wait_for("why it is not taken", |text| text.contains("not pasted") && text.contains("64 KiB"));
    program.wait_for("the field as it was", |text| text.contains(name));
    // Several lines are welcome where the field has several.
    program.type_keys("ctrl-g");
    program.type_text("script");
    program.type_keys("enter");
    program.type_keys("ctrl-a ctrl-k");
    program.send(b"\x1b[200~alpha\r\nbravo\rcharlie\ndelta\t\x1b[201~");
    program.wait_for("the lines", |text| {
        ["alpha", "bravo", "charlie", "delta"].iter().all(|w| text.contains(w))
    });
    thread::sleep(Duration::from_millis(300));
    // Held down, it sends once.
    program.hold(b"\x13");
    program.wait_for("the lanes", |text| !text.contains("Submit to"));
    program.row_with(&lane, &["✔ ◆", "Texts"]);
    program.sent_by_keys(&lane, "Ping", "");
    let all = arrived(&bus, &lane, "Ping");
    let kinds: Vec<&str> = all.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["Texts", "Ping"], "{all:?}");
    assert_eq!(all[0].1["qubit"], "q3");
    let script = all[0].1["script"].as_str().unwrap_or_default();
    assert!(script.contains("alpha\nbravo\ncharlie\ndelta\t") && !script.contains('\r'), "{script:?}");
    program.leave();
}

#[tokio::test]
async fn no_accident_moves_hardware() {
    let Some(juice) = Juice::shared() else { return };
    let bus = Listener::open(&juice.url());
    let mut program = Program::live(juice, &["cryo"], LARGE);
    program.compose("cryo", "OpenGHSValve", "OpenGHSValve");
    let name = "OpenGHSValve: valve_id='v1'";
    let asks = |text: &str| text.contains("Send OpenGHSValve to cryo?") && text.contains("moves hardware");
    program.fill_in_again("opening it", "v1", name);
    let goes_back = |program: &mut Program, what: &str, stays: bool| {
        if stays {
            program.type_keys("esc");
        }
        program.wait_for(&format!("the form after {what}"), |text| {
            !asks(text) && text.contains("Submit to cryo")
        });
        program.fill_in_again(what, "v1", name);
        thread::sleep(Duration::from_millis(200));
    };
    for (what, bytes, stays) in ON_A_QUESTION {
        program.type_keys("ctrl-s");
        program.wait_for("the question", asks);
        // That long after it a `Y` alone would count.
        thread::sleep(Duration::from_millis(900));
        program.send(bytes);
        // Nothing more comes while a `Y` would still be waited for.
        thread::sleep(Duration::from_millis(200));
        goes_back(&mut program, what, stays);
    }
    for (what, held, stays) in [("held Enter", b"\r", false), ("the held send key", b"\x13", true)] {
        program.type_keys("ctrl-s");
        program.wait_for("the question", asks);
        program.hold(held);
        goes_back(&mut program, what, stays);
    }
    // Held from before, right behind the key that asks.
    program.send(&[&b"\x13"[..], &[b'Y'; 40]].concat());
    program.wait_for("the refusal", |text| asks(text) && text.contains("press Y"));
    assert_eq!(ask(juice, "GetGHSValveState").await, false);
    thread::sleep(Duration::from_millis(1500));
    program.type_keys("Y");
    program.row_with("cryo", &["✔ ◆ OpenGHSValve", "valve_id='v1'"]);
    assert_eq!(ask(juice, "GetGHSValveState").await, true);
    ask(juice, "CloseGHSValve").await;
    let all = arrived(&bus, "cryo", "CloseGHSValve");
    assert_eq!(all.iter().filter(|(kind, _)| kind == "OpenGHSValve").count(), 1, "{all:?}");
    program.leave();
}

/// Asks the refrigerator about the valve, on a connection of its own.
async fn ask(juice: &Juice, class: &str) -> Value {
    let mut tasks = Tasks::connect(&juice.url()).await;
    tasks.ask(Frame::new("cryo", class, json!({"valve_id": "v1"})).parallel()).await.result()
}
