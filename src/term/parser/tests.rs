use crossterm::event::KeyCode::{self, Char};
use crossterm::event::KeyEventKind;
use proptest::prelude::*;

use super::*;

const SPLIT_ARROW: &[u8] = include_bytes!("../../../tests/cases/keys_split_arrow.bin");
const LATE_REPLIES: &[u8] = include_bytes!("../../../tests/cases/keys_late_replies.bin");
const KITTY: &[u8] = include_bytes!("../../../tests/cases/keys_kitty_press_repeat_release.bin");
const MULTILINE: &[u8] = include_bytes!("../../../tests/cases/keys_paste_multiline.bin");
const WIDE: &[u8] = include_bytes!("../../../tests/cases/keys_wide_edit.bin");
const FILES: [&[u8]; 5] = [SPLIT_ARROW, LATE_REPLIES, KITTY, MULTILINE, WIDE];

/// A keyboard in time: bytes, pauses, and the timer that the reader would run.
struct Keyboard {
    parser: Parser,
    now: f64,
    out: Vec<Input>,
}

impl Keyboard {
    fn new() -> Keyboard {
        Keyboard { parser: Parser::new(0x7f, ESCAPE_WAIT), now: 0.0, out: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) -> &mut Keyboard {
        self.parser.feed(bytes, Now::at(self.now), &mut self.out);
        self
    }

    fn pause(&mut self, seconds: f64) -> &mut Keyboard {
        let end = self.now + seconds;
        while let Some(at) = self.parser.deadline().map(|at| at.as_secs_f64()).filter(|at| *at <= end) {
            self.now = at.max(self.now) + 1e-6;
            self.parser.expire(Now::at(self.now), &mut self.out);
        }
        self.now = self.now.max(end);
        self
    }

    fn got(&mut self) -> Vec<Input> {
        std::mem::take(&mut self.out)
    }

    /// What came, once everything has settled, in short.
    fn settled(&mut self) -> String {
        self.pause(60.0);
        self.got().iter().map(short).collect::<Vec<_>>().join(" ")
    }
}

/// `C-a`, `M-x`, `Up`, `S-Up`; a character as itself; a paste in quotes.
fn short(input: &Input) -> String {
    let event = match input {
        Input::Key(event) => event,
        Input::Paste(text) => return format!("{text:?}"),
        other => return format!("{other:?}"),
    };
    let mut text = String::new();
    for (modifier, sign) in [
        (KeyModifiers::CONTROL, "C-"),
        (KeyModifiers::ALT, "M-"),
        (KeyModifiers::SUPER, "s-"),
        (KeyModifiers::SHIFT, "S-"),
    ] {
        // An upper-case letter says it already.
        if event.modifiers.contains(modifier)
            && !(sign == "S-" && matches!(event.code, Char(c) if c.is_uppercase()))
        {
            text += sign;
        }
    }
    text += &match event.code {
        Char(' ') => "Space".into(),
        Char(c) => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        code => format!("{code:?}"),
    };
    if event.kind == KeyEventKind::Repeat {
        text += "*";
    }
    text
}

fn typed(bytes: &[u8]) -> String {
    Keyboard::new().send(bytes).settled()
}

#[test]
fn plain_keys() {
    assert_eq!(typed(b"aZ 9~"), "a Z Space 9 ~");
    assert_eq!(
        typed(b"\r\t\x7f\x08\x01\x03\x1a\x00\x1c\x1f\n"),
        "Enter Tab Backspace C-h C-a C-c C-z C-Space C-4 C-_ C-j"
    );
    let mut parser = Parser::new(0x08, ESCAPE_WAIT);
    let mut out = Vec::new();
    parser.feed(b"\x08", Now::at(0.0), &mut out);
    assert_eq!(short(&out[0]), "Backspace", "where the terminal's erase character is ^H");
    assert_eq!(typed("é量👩".as_bytes()), "é 量 👩");
    assert_eq!(
        typed(b"\x1ba\x1bZ\x1b\r\x1b\x7f\x1b\xc3\xa9\x1b\x03"),
        "M-a M-Z M-Enter M-Backspace M-é C-M-c"
    );
    let upper = Keyboard::new().send(b"G").got();
    assert!(
        matches!(&upper[..], [Input::Key(k)] if k.modifiers == KeyModifiers::SHIFT),
        "as crossterm has it"
    );
}

#[test]
fn keys_of_many_terminals() {
    let table: [(&[u8], &str); 46] = [
        (b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", "Up Down Right Left Home End"),
        (b"\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF", "Up Down Right Left Home End"),
        (b"\x1bOP\x1bOQ\x1bOR\x1bOS", "F1 F2 F3 F4"),
        (b"\x1b[P\x1b[Q\x1b[R\x1b[S", "F1 F2 F3 F4"),
        (b"\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~", "Home Insert Delete End PageUp PageDown"),
        (b"\x1b[7~\x1b[8~", "Home End"),
        (b"\x1b[11~\x1b[15~\x1b[17~\x1b[21~\x1b[23~\x1b[24~", "F1 F5 F6 F10 F11 F12"),
        (b"\x1b[25~\x1b[26~\x1b[28~\x1b[29~\x1b[31~\x1b[34~", "F13 F14 F15 F16 F17 F20"),
        (b"\x1b[[A\x1b[[E", "F1 F5"),
        (b"\x1b[1;5A\x1b[1;2B\x1b[1;3C\x1b[1;6D", "C-Up S-Down M-Right C-S-Left"),
        (b"\x1b[3;5~\x1b[5;2~\x1b[15;5~", "C-Delete S-PageUp C-F5"),
        (b"\x1b[1;5P", "C-F1"),
        (b"\x1bO5A\x1bO2P", "C-Up S-F1"),
        (b"\x1b[Z", "S-BackTab"),
        (b"\x1b[a\x1b[d\x1bOa\x1bOd", "S-Up S-Left C-Up C-Left"),
        (b"\x1b[3$\x1b[3^\x1b[3@\x1b[7$", "S-Delete C-Delete C-S-Delete S-Home"),
        (b"\x1b\x1b[A\x1b\x1bOA\x1b\x1b[3~", "M-Up M-Up M-Delete"),
        (b"\x1bOM\x1bOj\x1bOk\x1bOm\x1bOn\x1bOo\x1bOp\x1bOy", "Enter * + - . / 0 9"),
        (b"\x1b[E\x1bOE", "KeypadBegin KeypadBegin"),
        (b"\x1b[97u\x1b[97;5u\x1b[13u\x1b[9;2u\x1b[27u\x1b[127u", "a C-a Enter S-BackTab Esc Backspace"),
        (b"\x1b[97:65;2u\x1b[97;2u\x1b[49:33;2u", "A A S-!"),
        (b"\x1b[233;3u", "M-é"),
        (b"\x1b[97;1:2u\x1b[1;1:2A\x1b[3;1:2~", "a* Up* Delete*"),
        (b"\x1b[97;1:3u\x1b[1;1:3A\x1b[3;5:3~\x1b[13;1:3u", ""),
        (b"\x1b[97;65u\x1b[97;129u", "a a"),
        (b"\x1b[57399u\x1b[57414u\x1b[57417u\x1b[57376u", "0 Enter Left F13"),
        (b"\x1b[57441u\x1b[57358u\x1b[57428u", ""),
        (b"\x1b[27;5;97~\x1b[27;2;13~\x1b[27;6;9~", "C-a S-Enter C-S-BackTab"),
        // Replies and reports.
        (b"\x1b[?62;22;52c\x1b[>0;276;0c\x1b[24;80R\x1b[1;2R\x1b[0n\x1b[8;24;80t", ""),
        (b"\x1b[?2026;2$y\x1b[4;2$y\x1b[?0u\x1b[?1;2;256S", ""),
        (b"\x1b[I\x1b[O", ""),
        (b"\x1b[<0;10;20M\x1b[<0;10;20m\x1b[M !!\x1b[32;10;20M", ""),
        (b"\x1b]11;rgb:0000/0000/0000\x07\x1b]11;rgb:0000/0000/0000\x1b\\", ""),
        (b"\x1bP>|tmux 3.3a\x1b\\\x1bP1$r0m\x1b\\\x1bP1+r544e=787465726d\x1b\\", ""),
        (b"\x1b_Gi=31;OK\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\", ""),
        (b"x\x1b[?62cy", "x y"),
        // Not known to anybody, or broken off.
        (b"\x1b[99~\x1b[1;2;3;4q\x1b[>1x", ""),
        (b"\x1b[1;5\x1b[A", "Up"),
        (b"\x1b[1;5\x18x", "x"),
        (b"\x1b[1;5\ra", "Enter a"),
        (b"\x1b[1;5\xc3\xa9", "é"),
        (b"\x1b]0;x\x1b[A", "Up"),
        (b"\x1b]0;x\x03", "C-c"),
        // By hand.
        (b"\x1b\x1b", "Esc Esc"),
        (b"\x1bOx\x1bOz", "8 M-O z"),
        (b"\x1b", "Esc"),
    ];
    for (bytes, wanted) in table {
        assert_eq!(typed(bytes), wanted, "{}", bytes.escape_ascii());
        for cut in 1..bytes.len() {
            let (one, two) = bytes.split_at(cut);
            assert_eq!(
                Keyboard::new().send(one).send(two).settled(),
                wanted,
                "{} at {cut}",
                bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn the_case_files_whole_and_at_every_cut() {
    let wanted = [
        "Down",
        "",
        "a a* Enter Tab",
        "\"first line\\nsecond\\tline\\nthird: q d x\\n\"",
        "é 量 👩 \u{200d} 🔬 e \u{301} x Left Left Backspace Backspace Delete C-a Delete C-e Backspace",
    ];
    for (file, wanted) in FILES.into_iter().zip(wanted) {
        assert_eq!(typed(file), wanted);
        for cut in 1..file.len() {
            let (one, two) = file.split_at(cut);
            assert_eq!(Keyboard::new().send(one).send(two).settled(), wanted, "at {cut}");
            // A pause that is shorter than the one that makes an Esc.
            assert_eq!(Keyboard::new().send(one).pause(0.04).send(two).settled(), wanted, "at {cut}, 40 ms");
        }
        let bytes = file.chunks(1).fold(Keyboard::new(), |mut keys, byte| {
            keys.send(byte).pause(0.02);
            keys
        });
        let mut bytes = bytes;
        assert_eq!(bytes.settled(), wanted, "byte by byte");
    }
}

#[test]
fn a_lone_escape_is_a_key_after_a_moment() {
    let mut keys = Keyboard::new();
    assert_eq!(keys.send(b"\x1b").pause(0.04).got(), []);
    assert_eq!(keys.pause(0.02).settled(), "Esc");
    assert_eq!(keys.send(b"q").settled(), "q", "and what follows is not Alt-ed");
}

/// Case A28: 300 ms inside an arrow key.
#[test]
fn an_arrow_split_by_a_slow_link_types_nothing() {
    let (escape, rest) = SPLIT_ARROW.split_at(1);
    assert_eq!(Keyboard::new().send(escape).pause(0.3).send(rest).settled(), "Esc");
    let (start, rest) = SPLIT_ARROW.split_at(2);
    assert_eq!(Keyboard::new().send(start).pause(0.3).send(rest).settled(), "Down");
    // Every byte late.
    assert_eq!(Keyboard::new().send(b"\x1b").pause(0.3).send(b"[1;").pause(0.3).send(b"5A").settled(), "Esc");
    assert_eq!(Keyboard::new().send(b"\x1b").pause(0.3).send(b"OA").send(b"x").settled(), "Esc x");
}

#[test]
fn late_rests_of_replies_and_pastes_are_known_too() {
    let late = |rest: &[u8]| Keyboard::new().send(b"\x1b").pause(0.3).send(rest).settled();
    assert_eq!(late(b"[?62;22;52c"), "Esc");
    assert_eq!(late(b"]11;rgb:0000/0000/0000\x07"), "Esc");
    assert_eq!(late(b"P>|tmux 3.3a\x1b\\"), "Esc");
    assert_eq!(late(b"[200~q\rd\x1b[201~"), "Esc \"q\\nd\"");
}

#[test]
fn what_is_typed_after_an_escape_is_typed() {
    let after = |rest: &[u8]| Keyboard::new().send(b"\x1b").pause(0.3).send(rest).settled();
    assert_eq!(after(b"q"), "Esc q");
    assert_eq!(after(b"[1, 2]"), "Esc [ 1 , Space 2 ]");
    assert_eq!(after(b"[\"a\"]"), "Esc [ \" a \" ]");
    assert_eq!(after(b"Ok"), "Esc O k");
    assert_eq!(after(b"Ping"), "Esc P i n g");
    assert_eq!(after(b"]x"), "Esc ] x");
    assert_eq!(after(b"x[A"), "Esc x [ A", "only what comes first");
    assert_eq!(
        Keyboard::new().send(b"\x1b").pause(0.3).send(b"[").pause(0.1).send(b"A").settled(),
        "Esc [ A"
    );
    assert_eq!(Keyboard::new().send(b"\x1b").pause(1.5).send(b"[A").settled(), "Esc [ A", "much later");
}

#[test]
fn held_prefixes_by_hand() {
    assert_eq!(typed(b"\x1b["), "M-[");
    assert_eq!(typed(b"\x1bO"), "M-O");
    assert_eq!(typed(b"\x1b]"), "M-]");
    assert_eq!(Keyboard::new().send(b"\x1b[").pause(0.5).send(b"\x1b").settled(), "M-[ Esc");
}

#[test]
fn a_string_without_an_end_does_not_hold_the_keyboard() {
    let mut keys = Keyboard::new();
    assert_eq!(keys.send(b"\x1b]11;rgb:00").pause(1.1).send(b"q").settled(), "q");
    assert_eq!(keys.send(b"\x1bP1$r").send(&[b'x'; 100_000]).pause(1.1).send(b"q").settled(), "q");
    assert!(keys.parser.held.capacity() < 1 << 10);
}

#[test]
fn bytes_that_are_no_utf8_are_left_out() {
    assert_eq!(typed(b"a\xffb\xc3c\xe9\x87d\xf5\x80e"), "a b c d e");
    assert_eq!(typed(b"\xc2\x9b\xc0\x80\xed\xa0\x80x"), "x", "controls, overlong forms, surrogates");
}

#[test]
fn a_paste_is_one_event() {
    assert_eq!(typed(b"\x1b[200~a\x1b[Ab\x03c\x1b[201~d"), "\"a\\u{1b}[Ab\\u{3}c\" d", "its controls stay");
    assert_eq!(typed(b"\x1b[200~a\rb\r\nc\nd\x1b[201~"), "\"a\\nb\\nc\\nd\"");
    assert_eq!(typed(b"\x1b[200~\x1b[201~"), "\"\"");
    assert_eq!(typed(b"\x1b[200~a\x1b[201"), "\"a\\u{1b}[201\"", "an end that never came");
    assert_eq!(typed(b"\x1b[200~\xff\xc3\x1b[201~"), "\"\u{fffd}\u{fffd}\"");
    assert_eq!(typed(b"\x1b[201~x"), "x");
}

#[test]
fn a_paste_that_stalls_lets_the_keyboard_go() {
    let mut keys = Keyboard::new();
    assert_eq!(
        keys.send(b"\x1b[200~a").pause(5.0).send(b"\rb\x1b[201~").settled(),
        "\"a\\nb\"",
        "a slow link"
    );
    assert_eq!(keys.send(b"\x1b[200~a").pause(11.0).send(b"q").settled(), "\"a\" q");
    assert_eq!(keys.send(b"\x1b[200~a").pause(2.0).send(b"\x03").settled(), "\"a\" C-c", "by hand");
}

#[test]
fn a_paste_above_the_limit_is_dropped_and_said() {
    let mut keys = Keyboard::new();
    keys.send(b"\x1b[200~");
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        keys.send(&piece);
    }
    assert!(keys.parser.held.capacity() <= 4 * PASTE_LIMIT);
    assert_eq!(keys.send(b"\x1b[201~q").got().len(), 2);
    let mut keys = Keyboard::new();
    keys.send(b"\x1b[200~").send(&vec![b'x'; PASTE_LIMIT]).send(b"\x1b[201~");
    assert!(matches!(&keys.got()[..], [Input::Paste(text)] if text.len() == PASTE_LIMIT));
    keys.send(b"\x1b[200~").send(&vec![b'x'; PASTE_LIMIT + 1]).send(b"\x1b[201~");
    assert!(matches!(keys.got()[..], [Input::PasteTooLarge(size)] if size == PASTE_LIMIT + 1));
}

#[test]
fn a_reset_forgets_what_was_half_read() {
    let mut keys = Keyboard::new();
    for half in [&b"\x1b[1"[..], b"\x1b]11;", b"\x1b", b"\x1b[200~abc", b"\xe9\x87"] {
        keys.send(half);
        keys.parser.reset();
        assert_eq!(keys.send(b"q").settled(), "q");
    }
}

/// `Down(Left)@3,7`, with what is held.
fn mouse(bytes: &[u8]) -> String {
    let mut keys = Keyboard::new();
    keys.parser = keys.parser.with_mouse();
    keys.send(bytes).pause(60.0);
    let told = |input: &Input| match input {
        Input::Mouse(event) => {
            let held = if event.modifiers.is_empty() { "" } else { "+" };
            format!("{held}{:?}@{},{}", event.kind, event.column, event.row)
        }
        other => short(other),
    };
    keys.got().iter().map(told).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_mouse_does_where_it_is_wanted() {
    for (bytes, wanted) in [
        (&b"\x1b[<0;4;8M"[..], "Down(Left)@3,7"),
        (b"\x1b[<0;4;8m", "Up(Left)@3,7"),
        (b"\x1b[<1;1;1M\x1b[<2;1;1m", "Down(Middle)@0,0 Up(Right)@0,0"),
        (b"\x1b[<32;1000;300M", "Drag(Left)@999,299"),
        (b"\x1b[<64;4;8M\x1b[<65;4;8M", "ScrollUp@3,7 ScrollDown@3,7"),
        (b"\x1b[<16;4;8M\x1b[<4;4;8M\x1b[<72;4;8M", "+Down(Left)@3,7 +Down(Left)@3,7 +ScrollUp@3,7"),
        (b"x\x1b[<0;4;8My", "x Down(Left)@3,7 y"),
        // A pointer that merely moves, a wheel to the side, further buttons, places that are none.
        (b"\x1b[<35;4;8M\x1b[<66;4;8M\x1b[<128;4;8M\x1b[<3;4;8M", ""),
        (b"\x1b[<0;0;8M\x1b[<0;4;0M\x1b[<0;4M\x1b[<0;70000;8M\x1b[<M\x1b[<0;99999999999;1M", ""),
        // Those of older kinds are not asked for.
        (b"\x1b[M !!\x1b[0;4;8M", ""),
    ] {
        assert_eq!(mouse(bytes), wanted, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_click_whose_esc_has_acted_is_none() {
    let mut keys = Keyboard::new();
    keys.parser = keys.parser.with_mouse();
    assert_eq!(keys.send(b"\x1b").pause(0.3).send(b"[<0;4;8M").settled(), "Esc");
}

/// A program that died may have left it on.
#[test]
fn a_mouse_that_nobody_wanted_types_nothing_however_its_reports_are_cut() {
    for report in [&b"\x1b[<0;14;8M"[..], b"\x1b[<65;104;8m", b"\x1b[M !!", b"\x1b[Mqqq", b"\x1b[0;4;8M"] {
        assert_eq!(typed(report), "", "{}", report.escape_ascii());
        for cut in 1..report.len() {
            let (one, two) = report.split_at(cut);
            let got = Keyboard::new().send(one).send(two).settled();
            assert_eq!(got, "", "{}", report.escape_ascii());
            // Behind an ESC that stood alone for long an old report cannot be told from typed text.
            let is_old = report[2] == b'M';
            if cut > 1 || !is_old {
                let got = Keyboard::new().send(one).pause(0.3).send(two).settled();
                assert_eq!(got, if cut == 1 { "Esc" } else { "" }, "{}", report.escape_ascii());
            }
        }
        assert_eq!(typed(&[report, b"q"].concat()), "q");
    }
    assert_eq!(typed(b"\x1b[M"), "", "nor is the beginning of one a key");
}

/// A reply as a terminal could send it.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "\x1b\\[[?>=][0-9;]{0,12}[cnRuhl]",
        "\x1b\\[[0-9]{1,3};[0-9]{1,3}R",
        "\x1b\\[\\?[0-9]{1,4};[0-4]\\$y",
        "\x1b\\][0-9]{1,2};[ -~]{0,30}\x07",
        "\x1b\\][0-9]{1,2};[ -\\[\\]-~]{0,30}\x1b\\\\",
        "\x1bP[>01!][ -\\[\\]-~]{0,30}\x1b\\\\",
        "\x1b\\[[IO]",
        "\x1b\\[<[0-9]{1,2};[0-9]{1,3};[0-9]{1,3}[Mm]",
    ]
    .prop_map(String::into_bytes)
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_is_held_for_ever(
        pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0.0..3.0_f64), 0..20),
    ) {
        let mut keys = Keyboard::new();
        for (bytes, pause) in pieces {
            keys.send(&bytes).pause(pause);
        }
        keys.pause(60.0);
        prop_assert!(matches!(keys.parser.state, State::Ground | State::Character));
        keys.got();
        prop_assert_eq!(keys.send(b"q").settled(), "q");
    }

    #[test]
    fn nothing_of_sequences_panics(text in "(\x1b|\\[|O|\\]|P|;|:|[0-9]|[A-Z]|[a-z]|~|\\$|\x07|\\\\|\\?|<){0,60}") {
        let mut keys = Keyboard::new();
        keys.send(text.as_bytes());
        keys.settled();
    }

    /// However a reply is cut, with whatever pauses, no letter is typed; at most its ESC becomes Esc.
    #[test]
    fn replies_type_nothing(reply in reply(), cut in any::<prop::sample::Index>(), pause in 0.0..0.9_f64) {
        let (one, two) = reply.split_at(cut.index(reply.len()));
        let mut keys = Keyboard::new();
        let got = keys.send(one).pause(pause).send(two).settled();
        let lone = one == b"\x1b" || one.ends_with(b"\x1b");
        prop_assert!(got.is_empty() || (got == "Esc" && lone), "{} | {} gave {}", one.escape_ascii(), two.escape_ascii(), got);
    }

    #[test]
    fn typed_text_comes_through(text in "[ -~é量👩]{0,40}") {
        let mut keys = Keyboard::new();
        keys.send(text.as_bytes());
        let got: String = keys.got().iter().filter_map(|input| match input {
            Input::Key(event) => event.code.as_char(),
            _ => None,
        }).collect();
        prop_assert_eq!(got, text);
    }
}
