//! The mouse: what a click, the wheel and the border mean, and what a click never does.

use super::{forms::press, history::opened as history, logs::opened as logs, many::opened as many, *};
use crate::{
    app::{action::Action, choices::Change, layout::LEAST, mouse::Spot},
    view::Row as Drawn,
};

/// Three tasks that have ended, the last one failed.
fn lanes(size: (u16, u16)) -> Bench {
    let mut b = Bench::with(Settings::default(), size);
    b.at(1.0).ran(&job("a")).later(1.0).ran(&job("b")).later(1.0);
    b.runs(&job("c")).completed(&job("c"), &error("c", "KeyError", "'q1'", &case("tb_chained.txt")));
    b.take();
    b
}

/// The row that is drawn for that spot.
fn drawn(b: &Bench, spot: Spot) -> Option<Drawn> {
    let rows = b.screen().panes.into_iter().rev().flat_map(|pane| pane.rows);
    rows.into_iter().find(|row| row.spot == Some(spot))
}

/// All rows that can be clicked, each with a place in it.
fn rows(b: &Bench) -> Vec<(Spot, Position)> {
    let screen = b.screen();
    let (width, height) = b.app.ui.size;
    let mut found: Vec<(Spot, Position)> = Vec::new();
    for place in (0..height).flat_map(|y| (0..width).map(move |x| Position { x, y })) {
        if let Some(spot @ (Spot::Row(_) | Spot::Lane(_))) = screen.spots.at(place)
            && found.iter().all(|(other, _)| *other != spot)
        {
            found.push((spot, place));
        }
    }
    found
}

#[test]
fn a_click_selects_and_a_second_one_opens_as_enter_does() {
    let mut b = lanes((100, 30));
    b.click("qubit='b'");
    assert_eq!((b.selected().as_str(), b.layers().len()), ("b", 0));
    b.click("qubit='b'");
    assert_eq!((b.layers(), b.reader().key.to_string()), (vec!["task"], "b".to_owned()));
    b.keys("esc").click(" fridge");
    assert_eq!(b.selected(), "fridge", "a service's own line");
    b.click(" fridge").shows_not("qubit='b'");
    assert_eq!(b.take(), []);
}

#[test]
fn both_clicks_of_a_double_click_count_though_nothing_was_drawn_between_them() {
    let mut b = lanes((100, 30));
    let place = b.place_of("qubit='a'");
    b.look().undrawn = true;
    b.click_at(place).later(0.05).click_at(place);
    assert_eq!((b.layers(), b.reader().key.to_string()), (vec!["task"], "a".to_owned()));
}

#[test]
fn of_two_clicks_at_a_row_that_moves_in_between_the_second_takes_no_other_one() {
    let mut b = lanes((100, 30));
    let place = b.place_of("qubit='a'");
    b.look().undrawn = true;
    b.later(1.0).ran(&job("c")).click_at(place).later(0.05).click_at(place);
    assert_eq!((b.selected().as_str(), b.layers()), ("a", vec![]), "{}", b.notice());
    assert!(b.notice().contains("click once more"), "{}", b.notice());
}

#[test]
fn a_click_sends_nothing() {
    let mut b = Bench::new();
    b.keys("s").types("SleepAsync").keys("enter").take();
    let send = b.look().screen().spots.find(Spot::Key(Action::Send)).expect("it stands in the last line");
    b.click_at(send.as_position());
    assert_eq!(b.notice(), "a click sends nothing: press the key");
    assert_eq!((b.sent().len(), b.layers()), (0, vec!["form"]));
}

/// Every list: a click on a row selects that one, nothing is opened, sent or changed by it.
#[test]
fn each_row_of_each_list_can_be_clicked() {
    let on = |mut b: Bench, keys: &str| {
        b.keys(keys);
        b
    };
    let scheduled = || {
        let mut b = Bench::new();
        for sid in ["x", "y", "z"] {
            b.later(1.0).scheduled(sid, None, &job(sid), "queued");
        }
        on(b, "t")
    };
    let viewer = |keys: &str| {
        let mut b = Bench::new();
        let reply =
            r#"{"id": "r", "status": "ok", "result": {"rows": [{"n": 1}, {"n": 2}, {"n": 3}], "more": [1]}}"#;
        b.runs(&job("r")).completed(&job("r"), reply);
        on(on(b, "j v"), keys)
    };
    let lists: [(&str, Bench, usize); 15] = [
        ("lanes", lanes((100, 30)), 5),
        ("lanes, small", lanes((50, 12)), 3),
        ("schedule", scheduled(), 3),
        ("services", on(Bench::new(), "m"), 2),
        ("the bus", on(Bench::new(), "b tab tab"), 1),
        ("log", logs(), 4),
        ("failures", on(lanes((100, 30)), "F enter"), 2),
        ("history", history(), 2),
        ("columns", on(history(), "c"), 9),
        ("result", viewer(""), 3),
        ("table", viewer("down t"), 3),
        ("services to choose", on(Bench::new(), "s"), 2),
        ("palette", on(lanes((100, 30)), ":"), 10),
        ("copies", on(lanes((100, 30)), "j c"), 3),
        ("fields to jump to", on(many(), "ctrl-g"), 1),
    ];
    for (what, mut b, least) in lists {
        // What is made in slices is there.
        b.later(1.0).msg(Msg::Wake).take();
        let (layers, all) = (b.layers(), rows(&b));
        assert!(all.len() >= least, "{what}: {all:?}\n{}", b.lines().join("\n"));
        for (spot, _) in all {
            // Where it stands now: what was clicked before may have moved it.
            let Some((_, place)) = rows(&b).into_iter().find(|(other, _)| *other == spot) else { continue };
            let before = drawn(&b, spot).unwrap();
            if before.selected {
                continue;
            }
            b.later(1.0).look().click_at(place);
            assert!(drawn(&b, spot).is_some_and(|row| row.selected), "{what}: {spot:?}");
            assert_eq!((b.layers(), b.notice()), (layers.clone(), ""), "{what}: {spot:?}");
        }
        let kept = |effect: &Effect| !matches!(effect, Effect::AskLog(_) | Effect::LookAtServices);
        assert!(!b.take().iter().any(kept), "{what}");
    }
}

#[test]
fn a_second_click_takes_what_is_chosen() {
    let mut b = Bench::new();
    b.click("s submit").click("SleepAsync");
    assert_eq!(b.layers(), ["choose"]);
    b.click("SleepAsync");
    assert_eq!(b.layers(), ["form"], "{}", b.notice());
}

#[test]
fn what_was_not_drawn_yet_cannot_be_clicked() {
    let mut b = lanes((100, 30));
    let place = b.place_of("qubit='a'");
    let before = b.look().selected();
    b.undrawn = true;
    b.later(0.1).key("h").later(0.1).click_at(place);
    assert_eq!((b.layers(), b.selected()), (vec!["history"], before.clone()));
    assert!(b.notice().contains("had just changed"), "{}", b.notice());
    b.key("esc").later(0.1).click_at(place);
    assert_eq!((b.layers().len(), b.selected()), (0, before), "nor what comes back");
}

#[test]
fn each_key_in_the_last_line_can_be_clicked_where_it_stands() {
    let mut b = lanes((100, 30));
    for keys in ["", "enter", "esc t", "esc h", "esc s"] {
        b.keys(keys).look();
        let (line, screen) = (b.lines().pop().unwrap(), b.screen());
        let mut found = 0;
        for entry in crate::app::action::ACTIONS {
            let Some(area) = screen.spots.find(Spot::Key(entry.action)) else { continue };
            let text: String = line.chars().skip(area.x.into()).take(area.width.into()).collect();
            assert!(!text.starts_with(' ') && text.ends_with(entry.short), "{:?}: {text:?}", entry.action);
            found += 1;
        }
        assert!(found > 3, "{line}");
    }
    b.keys("esc esc").click("t schedule");
    assert_eq!(b.layers(), ["schedule"]);
    b.click("esc back");
    assert_eq!(b.layers(), [""; 0]);
}

#[test]
fn a_click_answers_no_question_with_yes_and_beside_it_nothing() {
    let cancels = |b: &Bench| b.sent_types().iter().filter(|kind| kind.contains("Cancel")).count();
    let mut b = Bench::new();
    b.scheduled("s", None, &job("s"), "queued").keys("j").take();
    b.click("x cancel");
    assert_eq!(b.layers(), ["question"]);
    b.click("y yes");
    assert!(b.notice().contains("press the key"), "{}", b.notice());
    b.waits().take();
    let screen = b.screen();
    let (width, height) = b.app.ui.size;
    for place in (0..height).flat_map(|y| (0..width).map(move |x| Position { x, y })) {
        if !matches!(screen.spots.at(place), Some(Spot::Key(_))) {
            b.later(0.1).look().click_at(place);
        }
    }
    b.waits();
    assert_eq!((b.layers(), cancels(&b)), (vec!["question"], 0));
    // A click so soon after a yes takes it back, as a key does.
    b.look().later(1.0).key("y").later(0.01).click_at(Position { x: 0, y: 5 }).waits();
    assert_eq!((b.layers(), cancels(&b)), (vec!["question"], 0));
    b.click("n no");
    assert_eq!((b.layers().len(), cancels(&b)), (0, 0));
}

#[test]
fn notices_are_selected_and_opened() {
    let mut b = lanes((100, 30));
    // Two notes; the newest stands above.
    b.keys("g x p").later(1.0);
    b.keys("N");
    let selected = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Notices(list)) => list.selected_row(),
        other => panic!("{other:?}"),
    };
    assert_eq!(selected(&b), Some(0));
    let second = b.look().screen().spots.find(Spot::Row(1)).expect("two were told");
    b.click_at(second.as_position()).look();
    assert_eq!(selected(&b), Some(1));
    b.click_at(second.as_position());
    assert_eq!(b.notice(), "a note is about no task and no service");
}

#[test]
fn what_stands_below_a_list_cannot_be_clicked() {
    let mut b = Bench::new();
    for sid in ["x", "y", "z"] {
        b.later(1.0).scheduled(sid, None, &job(sid), "queued");
    }
    b.keys("t :");
    let selected = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Palette(palette)) => Some(palette.selected),
        _ => None,
    };
    b.click("qubit='y'").click("qubit='z'");
    assert_eq!(selected(&b), Some(0));
    b.wheel(true, "qubit='z'");
    assert_eq!(selected(&b), Some(0), "nor does the wheel turn there what is above it");
}

#[test]
fn a_click_goes_to_the_field_and_what_is_typed_next_goes_there() {
    let mut b = Bench::new();
    b.add_forms().keys("s").types("Numbers").keys("enter");
    let field = |b: &Bench| b.composer().form().unwrap().focused_row();
    let last = b.composer().form().unwrap().rows.len().min(4) - 1;
    let area = b.screen().spots.find(Spot::Field(last)).unwrap();
    b.later(0.2).look().click_at(Position { x: area.x + 20, y: area.y });
    assert_eq!(field(&b), Some(last));
    let text = b.composer().text();
    press(&mut b, "'7'");
    assert_ne!(b.composer().text(), text);
    assert_eq!(field(&b), Some(last));
    assert_eq!(b.layers(), ["form"]);
}

#[test]
fn the_wheel_moves_what_is_under_it_and_stops_at_the_ends() {
    let mut b = Bench::with(Settings::default(), (200, 30));
    for n in 0..9 {
        b.later(1.0).ran(&job(&format!("t{n}")));
    }
    let long = (0..200).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    b.later(1.0).runs(&job("c")).completed(&job("c"), &error("c", "KeyError", &long, ""));
    b.keys("g j");
    assert_eq!(b.selected(), "c");
    b.wheel(true, "fridge");
    assert_eq!(b.selected(), "t6");
    b.wheel(false, "fridge").wheel(false, "fridge").wheel(false, "fridge");
    assert_eq!(b.selected(), "fridge");
    b.keys("j");
    // The task beside the lanes scrolls by itself, and the selection stays.
    let top = |b: &Bench| b.app.ui.side.as_ref().unwrap().page.top;
    b.wheel(true, "line 1").wheel(true, "line 9");
    assert_eq!((b.selected().as_str(), top(&b)), ("c", 6));
    b.wheel(false, "line 9").wheel(false, "line 9").wheel(false, "line 9");
    assert_eq!(top(&b), 0);
    // An opened one too, at once, with its cursor where it is seen.
    b.keys("enter");
    b.wheel(true, "line 9");
    let page = &b.reader().page;
    assert_eq!((page.top, page.cursor), (3, 3));
    for _ in 0..200 {
        b.later(0.1).look().mouse(MouseEventKind::ScrollDown, Position { x: 150, y: 10 });
    }
    let page = &b.reader().page;
    assert_eq!(page.cursor.max(page.top), page.cursor);
    b.shows("shorter than all of them");
    // A list to choose from ends at its ends.
    b.keys("esc :");
    let place = b.screen().spots.find(Spot::Row(0)).map(|area| Position { x: 5, y: area.y }).unwrap();
    let selected = |b: &Bench| match b.app.ui.layers.last() {
        Some(Layer::Palette(palette)) => (palette.selected, palette.shown.len() - 1),
        _ => panic!("{:?}", b.layers()),
    };
    b.later(0.1).look().mouse(MouseEventKind::ScrollUp, place);
    assert_eq!(selected(&b).0, 0);
    b.mouse(MouseEventKind::ScrollDown, place);
    assert_eq!(selected(&b).0, 3);
    for _ in 0..100 {
        b.later(0.1).look().mouse(MouseEventKind::ScrollDown, place);
    }
    assert_eq!(selected(&b).0, selected(&b).1);
}

#[test]
fn the_border_is_dragged_and_moved_by_keys_and_remembered() {
    let mut b = lanes((200, 30));
    let border = |b: &Bench| b.app.areas().border().unwrap().x;
    let kept = |b: &mut Bench| -> Vec<Change> {
        let kept = b.take().into_iter().filter_map(|effect| match effect {
            Effect::KeepChoice(change) => Some(change),
            _ => None,
        });
        kept.collect()
    };
    assert_eq!(border(&b), 110);
    let to = |x: u16| Position { x, y: 9 };
    let drag = MouseEventKind::Drag(MouseButton::Left);
    b.look().mouse(MouseEventKind::Down(MouseButton::Left), to(110)).mouse(drag, to(120)).mouse(drag, to(90));
    assert_eq!((border(&b), kept(&mut b)), (90, Vec::new()));
    b.mouse(MouseEventKind::Up(MouseButton::Left), to(90));
    assert_eq!(kept(&mut b), [Change::Border(450)]);
    b.mouse(drag, to(120));
    assert_eq!(border(&b), 90, "it was let go");
    // That it was let go may not have come.
    b.look().mouse(MouseEventKind::Down(MouseButton::Left), to(90));
    b.mouse(MouseEventKind::Down(MouseButton::Left), to(20)).mouse(drag, to(120));
    assert_eq!(border(&b), 90);
    b.look().mouse(MouseEventKind::Down(MouseButton::Left), to(90)).mouse(drag, to(199));
    assert_eq!(border(&b), 200 - 1 - LEAST);
    b.mouse(drag, to(0)).mouse(MouseEventKind::Up(MouseButton::Left), to(0));
    assert_eq!((border(&b), kept(&mut b)), (LEAST, vec![Change::Border(250)]));
    b.keys("> >").keys("enter >").keys("<");
    assert_eq!((border(&b), kept(&mut b).len()), (LEAST + 8, 4));
    b.keys("esc").msg(Msg::Resize(100, 30)).keys("<");
    assert!(b.notice().contains("no task stands beside the lanes"), "{}", b.notice());
    assert_eq!(kept(&mut b), []);
}

#[test]
fn the_task_stands_beside_the_lanes_as_it_is_set() {
    for (side, columns, stands) in [
        (Some(layout::WIDE), 149, false),
        (Some(layout::WIDE), 150, true),
        (Some(0), 100, false),
        (Some(0), 101, true),
        (Some(120), 119, false),
        (Some(120), 120, true),
        (None, 400, false),
    ] {
        let mut b = lanes((columns, 30));
        b.app.settings.side = side;
        b.keys("j");
        assert_eq!(b.app.areas().side.is_some(), stands, "{side:?} on {columns}");
        assert_eq!(b.app.ui.side.is_some(), stands, "{side:?} on {columns}");
    }
}

#[test]
fn beside_an_opened_task_a_click_on_the_lanes_goes_back_to_them() {
    let mut b = lanes((200, 30));
    b.keys("j enter").click("qubit='a'");
    assert_eq!((b.layers().len(), b.selected().as_str()), (0, "a"));
    // The task beside them is opened by a click on it.
    let side = b.app.areas().side.unwrap();
    b.look().click_at(Position { x: side.x + 5, y: side.y + 5 });
    assert_eq!((b.layers(), b.reader().key.to_string()), (vec!["task"], "a".to_owned()));
    b.keys("esc g").look().click_at(Position { x: side.x + 5, y: side.y + 5 });
    assert_eq!(b.layers().len(), 0, "beside a service there is none");
    b.shows("qubit='a'");
}

#[test]
fn the_list_of_keys_says_how_text_is_selected_while_the_mouse_is_taken() {
    for mouse in [false, true] {
        let mut b = Bench::with(Settings { mouse, ..Settings::default() }, (80, 24));
        b.keys("?");
        assert_eq!(b.lines().iter().any(|line| line.contains("Shift selects text")), mouse);
    }
}

#[test]
fn while_an_editor_has_the_terminal_the_mouse_is_not_ours() {
    let mut b = lanes((100, 30));
    let place = b.place_of("qubit='a'");
    let before = b.look().selected();
    b.app.ui.outside = true;
    b.click_at(place).mouse(MouseEventKind::ScrollDown, place);
    assert_eq!(b.selected(), before);
    assert_eq!(Action::SideWider.entry().keys, ["<"]);
}
