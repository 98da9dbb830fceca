use std::path::PathBuf;

use ratatui::style::Color;

use super::*;

fn themes(files: &[(&str, &str)]) -> Themes {
    Themes::new(
        files.iter().map(|(name, text)| (PathBuf::from(format!("/cfg/{name}.toml")), (*text).to_owned())),
    )
}

/// The theme of the last file, and what is wrong, in one line each.
fn load(files: &[(&str, &str)], name: &str) -> (Theme, Vec<String>) {
    let (theme, problems) = themes(files).load(name);
    (theme, problems.iter().map(ToString::to_string).collect())
}

fn fg(theme: &Theme, role: Role) -> Option<Color> {
    theme.style(role).fg
}

/// WCAG 2: relative luminance, then (lighter + 0.05) / (darker + 0.05).
fn contrast(a: Color, b: Color) -> f64 {
    let luminance = |colour| {
        let (r, g, b) = depth::rgb(colour).unwrap();
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn the_contrast_formula_is_wcags() {
    assert!((contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
    assert!((contrast(Color::Rgb(0x77, 0x77, 0x77), Color::Rgb(255, 255, 255)) - 4.48).abs() < 0.01);
}

#[test]
fn built_in_themes_are_faultless_and_complete() {
    let themes = Themes::default();
    assert_eq!(themes.list(), ["dark", "light", "ansi16", "okabe", "okabe-light", "mono"]);
    for name in themes.list() {
        let (theme, problems) = themes.load(name);
        assert_eq!(problems, [], "{name}");
        assert_eq!(theme.name(), name);
        let told = themes.told(name);
        for role in Role::ALL {
            assert!(told.contains(&role.name()), "{name} says nothing about {}", role.name());
        }
        for role in [Role::Selected, Role::Cursor, Role::Focus] {
            assert_ne!(theme.style(role), Style::new(), "{name}: {}", role.name());
        }
    }
}

/// On the ground that the theme was made for, and on the selected row, with all the colours and with 256.
#[test]
fn text_can_be_read() {
    let themes = Themes::default();
    for name in ["dark", "light", "okabe", "okabe-light"] {
        let (background, foreground) = themes.ground(name).unwrap();
        for depth in [Depth::TrueColour, Depth::Ansi256] {
            let theme = themes.load(name).0.at(depth);
            let selection = theme.style(Role::Selected).bg.unwrap();
            for role in Role::ALL {
                let style = theme.style(role);
                if matches!(role, Role::Rule | Role::Bar | Role::BarOver) {
                    continue;
                }
                let ink = match style.fg {
                    None | Some(Color::Reset) => foreground,
                    Some(colour) => colour,
                };
                let plain = contrast(ink, style.bg.unwrap_or(background));
                assert!(plain >= 4.5, "{name}: {} has {plain:.2} at {depth:?}", role.name());
                let selected = contrast(ink, selection);
                assert!(
                    selected >= 4.5,
                    "{name}: {} has {selected:.2} when selected at {depth:?}",
                    role.name()
                );
            }
        }
    }
}

/// Viénot, Brettel and Mollon's (1999) simulation of red- and green-blindness, and blue-blindness after Brettel's
/// simplification: outcomes must still look different.
#[test]
fn okabe_tells_outcomes_apart_with_any_colour_vision() {
    const KINDS: [(&str, [[f64; 3]; 3]); 3] = [
        ("protanopia", [[0.112_38, 0.887_62, 0.0], [0.112_38, 0.887_62, 0.0], [0.004_01, -0.004_01, 1.0]]),
        ("deuteranopia", [[0.292_75, 0.707_25, 0.0], [0.292_75, 0.707_25, 0.0], [-0.022_34, 0.022_34, 1.0]]),
        ("tritanopia", [[1.0, 0.144_61, -0.144_61], [0.0, 0.859_24, 0.140_76], [0.0, 0.859_24, 0.140_76]]),
    ];
    let seen = |colour: Color, kind: &[[f64; 3]; 3]| -> [f64; 3] {
        let (r, g, b) = depth::rgb(colour).unwrap();
        let linear = [r, g, b].map(|part| (f64::from(part) / 255.0).powf(2.2));
        kind.map(|row| {
            let sum: f64 = row.iter().zip(linear).map(|(weight, part)| weight * part).sum();
            sum.clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0
        })
    };
    for name in ["okabe", "okabe-light"] {
        let theme = Themes::default().load(name).0;
        let (ok, bad) = (fg(&theme, Role::Ok).unwrap(), fg(&theme, Role::Failed).unwrap());
        for (kind, matrix) in &KINDS {
            let (a, b) = (seen(ok, matrix), seen(bad, matrix));
            let distance: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            assert!(distance > 80.0, "{name}, {kind}: {distance:.0}");
        }
    }
}

#[test]
fn mono_has_no_colours() {
    let theme = Themes::default().load("mono").0;
    for role in Role::ALL {
        let style = theme.style(role);
        assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
    }
}

#[test]
fn a_terminal_with_fewer_colours_gets_only_those_it_has() {
    for name in Themes::default().list() {
        let theme = Themes::default().load(name).0;
        for role in Role::ALL {
            let style = theme.at(Depth::Ansi16).style(role);
            for colour in [style.fg, style.bg].into_iter().flatten() {
                assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(16..)), "{name} {}", role.name());
            }
            let style = theme.at(Depth::None).style(role);
            assert_eq!(
                (style.fg, style.bg, style.underline_color),
                (None, None, None),
                "{name} {}",
                role.name()
            );
        }
        let selected = theme.at(Depth::None).style(Role::Selected);
        assert!(selected.add_modifier.contains(Modifier::REVERSED), "{name}");
    }
}

#[test]
fn a_users_file_wins_and_inherits() {
    let own = "inherits = 'dark'\n[palette]\nred = '#abc'\n[roles]\nok = 'bright-green'\nlive = 21\n\
               own = { fg = 'red', bold = true, underline = true }\n";
    let (theme, problems) = load(&[("lab", own)], "lab");
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(fg(&theme, Role::Ok), Some(Color::LightGreen));
    assert_eq!(fg(&theme, Role::Live), Some(Color::Indexed(21)));
    // The parent's role with the child's palette.
    assert_eq!(fg(&theme, Role::Failed), Some(Color::Rgb(0xaa, 0xbb, 0xcc)));
    assert_eq!(theme.style(Role::Own).add_modifier, Modifier::BOLD | Modifier::UNDERLINED);
    assert_eq!(themes(&[("lab", own)]).list().last(), Some(&"lab"));

    let (theme, problems) = load(&[("dark", "inherits = 'dark'\n[roles]\nok = 'bright-blue'")], "dark");
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(fg(&theme, Role::Ok), Some(Color::LightBlue));
    assert_eq!(theme.style(Role::Failed), Themes::default().load("dark").0.style(Role::Failed));
    // The built-in `light` inherits the user's `dark`.
    let (theme, _) = load(&[("dark", "inherits = 'dark'\n[roles]\nown = 'yellow'")], "light");
    assert_eq!(fg(&theme, Role::Own), Some(Color::Rgb(0x6b, 0x4a, 0)));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_parents_style_stands() {
    let text = "inherits = 'dark'\nfont = 'x'\n\n[palette]\npink = '#ff00zz'\n[roles]\nfialed = 'red'\nfailed = 'rad'\n\
                ok = { fg = 'green', blink = true, bold = 'yes' }\nlost = ['red']\nlive = 999\n";
    let (theme, problems) = load(&[("lab", text)], "lab");
    let starts: Vec<String> =
        problems.iter().map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    assert_eq!(
        starts,
        [
            "/cfg/lab.toml:2: unknown key `font`",
            "/cfg/lab.toml:5: `pink` is \"#ff00zz\", which is no colour",
            "/cfg/lab.toml:7: unknown key `fialed`",
            "/cfg/lab.toml:9: unknown key `blink`",
            "/cfg/lab.toml:9: `bold` is a TOML string",
            "/cfg/lab.toml:10: `lost` is a TOML array",
            "/cfg/lab.toml:8: `failed` has no colour \"rad\"",
            "/cfg/lab.toml:11: `live` has no colour \"999\"",
        ]
    );
    let dark = Themes::default().load("dark").0;
    for role in [Role::Failed, Role::Lost, Role::Live, Role::Text] {
        assert_eq!(theme.style(role), dark.style(role), "{}", role.name());
    }
}

#[test]
fn broken_chains_end() {
    let (theme, problems) =
        load(&[("a", "inherits = 'b'\n[roles]\nok = 'red'"), ("b", "inherits = 'a'")], "a");
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("/cfg/b.toml:1: the theme `a` that it inherits inherits this one in turn"),
        "{problems:?}"
    );
    assert_eq!(fg(&theme, Role::Ok), Some(Color::Red));
    assert_eq!(theme.style(Role::Selected), Theme::plain().style(Role::Selected));

    let (_, problems) = load(&[("a", "inherits = 'a'")], "a");
    assert!(
        problems[0].starts_with("/cfg/a.toml:1: the theme `a` that it inherits is not there"),
        "{problems:?}"
    );

    let (_, problems) = load(&[("a", "\n\ninherits = 'nowhere'")], "a");
    assert!(
        problems[0].starts_with("/cfg/a.toml:3: the theme `nowhere` that it inherits is not there"),
        "{problems:?}"
    );
}

#[test]
fn a_theme_that_is_not_there_is_the_default_one() {
    let (theme, problems) = load(&[], "drak");
    assert!(problems[0].starts_with("there is no theme `drak`: choose one of `dark`, "), "{problems:?}");
    assert_eq!(theme.style(Role::Ok), Themes::default().load(DEFAULT).0.style(Role::Ok));
}

#[test]
fn invalid_toml_is_told_with_its_line_and_the_rest_is_used() {
    let (theme, problems) =
        load(&[("a", "inherits = 'dark'\n[roles]\nok = 'bright-blue'\nfailed = = 3\n")], "a");
    assert!(problems[0].starts_with("/cfg/a.toml:4: not valid TOML ("), "{problems:?}");
    assert_eq!(fg(&theme, Role::Ok), Some(Color::LightBlue));
    for text in [
        "\u{0}",
        "[",
        "a = {",
        "[roles]\n[roles]",
        "roles = 3",
        "palette = []",
        "inherits = 7",
        &"[".repeat(5000),
    ] {
        load(&[("a", text)], "a");
    }
}

#[test]
fn every_theme_file_is_built_in() {
    let folder = format!("{}/themes", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut built_in = Themes::default().list().iter().map(ToString::to_string).collect::<Vec<_>>();
    names.sort();
    built_in.sort();
    assert_eq!(names, built_in);
}

#[test]
fn the_documentation_has_the_roles() {
    let text = std::fs::read_to_string(format!("{}/docs/themes.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let table = text.split("<!-- roles -->\n").nth(1).unwrap().split("<!-- /roles -->").next().unwrap();
    assert_eq!(table.trim(), roles_table().trim(), "replace the table in docs/themes.md by this one");
    for name in Themes::default().list() {
        assert!(text.contains(&format!("`{name}`")), "{name} is not in docs/themes.md");
    }
}

proptest::proptest! {
    #[test]
    fn no_file_can_stop_us(text in "(inherits|roles|palette|ok|fg|[\\[\\]{}=\"'#.,\n a-f0-9]){0,60}") {
        let (theme, _) = themes(&[("a", &text)]).load("a");
        for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256] {
            theme.at(depth);
        }
    }
}
