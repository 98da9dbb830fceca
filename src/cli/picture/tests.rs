use super::*;

#[test]
fn sizes_are_columns_and_rows() {
    assert_eq!(size("80x24").unwrap(), (80, 24));
    for bad in ["", "80", "80x", "x24", "0x24", "80x0", "80x501", "99999x2", "-1x2", "80x24x3"] {
        assert!(size(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_evening_has_every_state_that_the_signs_stand_for() {
    let lanes = text(&draw((80, 24), "lanes").unwrap());
    let glyphs = Glyphs::of(Charset::Unicode);
    let [_, _, _, _, _, cancelled, _] = glyphs.states();
    for sign in glyphs.states().into_iter().filter(|sign| *sign != cancelled) {
        assert!(lanes.contains(&format!(" {sign} ")), "{sign} is missing:\n{lanes}");
    }
    for word in ["● live", "fridge", "lab", "qubits", "others may be waiting", glyphs.own, glyphs.bar_left]
    {
        assert!(lanes.contains(word), "{word} is missing:\n{lanes}");
    }
    assert_eq!(lanes.lines().count(), 24);
}

#[test]
fn the_other_views_are_of_this_evening() {
    let task = text(&draw((80, 24), "task").unwrap());
    assert!(task.contains("FitError: exponential decay") && task.contains("fit.py"), "{task}");
    let compose = text(&draw((80, 24), "compose").unwrap());
    assert!(compose.contains("MeasureT1: qubit='q3', averages=2000"), "{compose}");
    for (view, words) in [
        ("compose-wrong", "✘ averages"),
        ("compose-choice", "two-state"),
        ("compose-many", "4 tasks, about "),
        ("compose-when", "not before Wed 2026-11-25"),
        ("compose-question", "SetHeaterPower on fridge moves hardware."),
        ("schedule", "holds the slot"),
    ] {
        let drawn = text(&draw((80, 24), view).unwrap());
        assert!(drawn.contains(words), "{view}:\n{drawn}");
    }
    assert!(draw((80, 24), "other").is_err());
}

#[test]
fn every_view_can_be_drawn_in_every_size() {
    for (view, ..) in VIEWS {
        for (columns, rows) in [(1, 1), (19, 5), (40, 12), (80, 24), (200, 50)] {
            let buffer = draw((columns, rows), view).unwrap();
            assert!(svg::svg(&buffer).ends_with("</svg>\n"));
            assert_eq!(text(&buffer).lines().count(), usize::from(rows), "{view} {columns}x{rows}");
        }
    }
}

#[test]
fn an_svg_says_what_the_text_says_in_the_themes_colours() {
    let file = include_str!("../../../themes/dark.toml");
    assert!(file.contains(&format!("background = \"{}\"", svg::BACKGROUND)));
    assert!(file.contains(&format!("foreground = \"{}\"", svg::FOREGROUND)));
    let svg = svg::svg(&draw((80, 24), "lanes").unwrap());
    for text in ["fill=\"#16181d\"", ">qubits<", "WaitForTemperature: stage=", "font-weight=\"bold\""] {
        assert!(svg.contains(text), "{text} is missing");
    }
    assert!(!svg.contains("&lt;svg"), "escaped twice");
}
