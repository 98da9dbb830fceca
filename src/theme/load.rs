//! Theme files: the built-in ones and the user's own, which win.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Role, Theme};
use crate::config::source::{Problem, Source, list};

/// The theme that is used when none is asked for.
pub const DEFAULT: &str = "dark";

/// The built-in themes. Those without `inherits` start from [`Theme::plain`].
const BUILT_IN: [(&str, &str); 6] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("okabe", include_str!("../../themes/okabe.toml")),
    ("okabe-light", include_str!("../../themes/okabe-light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// All themes there are.
#[derive(Clone, Debug, Default)]
pub struct Themes {
    /// The user's own, by name.
    user: BTreeMap<String, (PathBuf, String)>,
}

/// One file, parsed. Colours are still words: a child may change the palette.
#[derive(Debug, Default)]
struct Sheet {
    file: PathBuf,
    inherits: Option<(String, usize)>,
    palette: BTreeMap<String, Color>,
    roles: BTreeMap<&'static str, Spec>,
    /// For checking the contrast in tests; never painted.
    ground: Ground,
}

/// The colours that a theme was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ground {
    background: Option<Color>,
    foreground: Option<Color>,
}

/// What a file says about one role.
#[derive(Clone, Debug, Default)]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    modifiers: Modifier,
    line: usize,
}

impl Themes {
    /// The built-in themes and the user's files; a file is named after its name without `.toml`.
    pub fn new(files: impl IntoIterator<Item = (PathBuf, String)>) -> Themes {
        let named = |(path, text): (PathBuf, String)| {
            let name = path.file_stem()?.to_string_lossy().into_owned();
            Some((name, (path, text)))
        };
        Themes { user: files.into_iter().filter_map(named).collect() }
    }

    /// All names: the built-in ones first, then the user's in alphabetical order.
    pub fn list(&self) -> Vec<&str> {
        let own = self.user.keys().map(String::as_str);
        let own = own.filter(|name| BUILT_IN.iter().all(|(built_in, _)| built_in != name));
        BUILT_IN.iter().map(|(name, _)| *name).chain(own).collect()
    }

    /// The file of that name as it is written.
    pub fn text(&self, name: &str) -> Option<&str> {
        let built_in = || BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
        self.user.get(name).map(|(_, text)| text.as_str()).or_else(built_in)
    }

    /// The theme of that name in full colour (see [`Theme::at`]), and what is wrong with its files. If there is no
    /// such theme, the default one.
    pub fn load(&self, name: &str) -> (Theme, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut chain = self.chain(name, &mut problems);
        if chain.is_empty() {
            problems.push(Problem {
                file: None,
                line: None,
                what: format!("there is no theme `{name}`"),
                remedy: format!("choose one of {}", list(self.list())),
            });
            chain = self.chain(DEFAULT, &mut problems);
        }
        let mut palette = BTreeMap::new();
        for sheet in chain.iter().rev() {
            palette.extend(sheet.palette.iter().map(|(name, colour)| (name.as_str(), *colour)));
        }
        let mut theme = Theme::plain();
        theme.name = name.to_owned();
        for role in Role::ALL {
            // The nearest file that says something usable about it.
            for sheet in &chain {
                let Some(spec) = sheet.roles.get(role.name()) else { continue };
                match spec.style(&palette) {
                    Ok(style) => {
                        theme.styles[role as usize] = style;
                        break;
                    }
                    Err(colour) => problems.push(Problem {
                        file: Some(sheet.file.clone()),
                        line: Some(spec.line),
                        what: format!("`{}` has no colour \"{colour}\"", role.name()),
                        remedy: COLOURS.to_owned(),
                    }),
                }
            }
        }
        (theme, problems)
    }

    /// The file of that name and those it inherits from, the nearest first. Empty: there is none.
    fn chain(&self, name: &str, problems: &mut Vec<Problem>) -> Vec<Sheet> {
        let mut chain: Vec<Sheet> = Vec::new();
        let mut wanted = name.to_owned();
        // What the chain holds: names, and whether they are the user's files.
        let mut seen: Vec<(String, bool)> = Vec::new();
        loop {
            // A user's file that inherits its own name changes the built-in theme of that name.
            let own = self.user.get(&wanted).filter(|_| seen.last() != Some(&(wanted.clone(), true)));
            let built_in = BUILT_IN.iter().find(|(name, _)| *name == wanted);
            let found = match (own, built_in) {
                (Some((path, text)), _) => Some((path.clone(), text.as_str(), true)),
                (None, Some((name, text))) => {
                    Some((PathBuf::from(format!("themes/{name}.toml (built in)")), *text, false))
                }
                (None, None) => None,
            };
            let fault = match &found {
                None => Some("is not there"),
                Some((.., own)) if seen.contains(&(wanted.clone(), *own)) => {
                    Some("inherits this one in turn")
                }
                Some(_) => None,
            };
            if let (Some(fault), Some(child)) = (fault, chain.last()) {
                problems.push(Problem {
                    file: Some(child.file.clone()),
                    line: child.inherits.as_ref().map(|(_, line)| *line),
                    what: format!("the theme `{wanted}` that it inherits {fault}"),
                    remedy: format!("inherit one of {}", list(BUILT_IN.iter().map(|(name, _)| *name))),
                });
                return chain;
            }
            let Some((path, text, own)) = found else { return chain };
            let sheet = Sheet::parse(&path, text, problems);
            seen.push((wanted, own));
            let next = sheet.inherits.clone();
            chain.push(sheet);
            match next {
                Some((next, _)) => wanted = next,
                None => return chain,
            }
        }
    }
}

const COLOURS: &str = "write a name of [palette], \"#rrggbb\", a number of the 256, \"default\", or one of black, \
                       red, green, yellow, blue, magenta, cyan, white, each also as bright-…";

impl Sheet {
    fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Sheet {
        let mut source = Source::new(path, text);
        let mut sheet = Sheet { file: path.to_owned(), ..Sheet::default() };
        let (table, _) = source.table();
        for (key, value) in &table {
            match key.get_ref().as_ref() {
                "inherits" => {
                    let line = source.line(&value.span());
                    sheet.inherits = source.string("inherits", value).map(|name| (name, line));
                }
                "background" => sheet.ground.background = read_colour(&mut source, "background", value),
                "foreground" => sheet.ground.foreground = read_colour(&mut source, "foreground", value),
                "palette" => {
                    for (name, value) in source.subtable("palette", value).into_iter().flatten() {
                        let name = name.get_ref().as_ref();
                        if let Some(colour) = read_colour(&mut source, name, value) {
                            sheet.palette.insert(name.to_owned(), colour);
                        }
                    }
                }
                "roles" => {
                    for (name, value) in source.subtable("roles", value).into_iter().flatten() {
                        let Some(role) = Role::from_name(name.get_ref().as_ref()) else {
                            source.unknown(name, Role::ALL.map(Role::name));
                            continue;
                        };
                        if let Some(spec) = Spec::read(&mut source, role.name(), value) {
                            sheet.roles.insert(role.name(), spec);
                        }
                    }
                }
                _ => source.unknown(key, ["inherits", "background", "foreground", "palette", "roles"]),
            }
        }
        problems.extend(source.finish());
        sheet
    }
}

impl Spec {
    /// `"blue"`, `4` or `{ fg = "blue", bold = true }`.
    fn read(source: &mut Source<'_>, role: &str, value: &Spanned<DeValue<'_>>) -> Option<Spec> {
        let mut spec = Spec { line: source.line(&value.span()), ..Spec::default() };
        match value.get_ref() {
            DeValue::Table(table) => spec.read_table(source, table),
            _ => spec.fg = Some(colour_word(source, role, value)?),
        }
        Some(spec)
    }

    fn read_table(&mut self, source: &mut Source<'_>, table: &DeTable<'_>) {
        for (key, value) in table {
            let key_name = key.get_ref().as_ref();
            let modifier = match key_name {
                "fg" => {
                    self.fg = colour_word(source, key_name, value);
                    continue;
                }
                "bg" => {
                    self.bg = colour_word(source, key_name, value);
                    continue;
                }
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underline" => Modifier::UNDERLINED,
                "reverse" => Modifier::REVERSED,
                _ => {
                    source.unknown(key, ["fg", "bg", "bold", "dim", "italic", "underline", "reverse"]);
                    continue;
                }
            };
            self.modifiers.set(modifier, source.boolean(key_name, value).unwrap_or(false));
        }
    }

    /// The style, or the word that is no colour.
    fn style(&self, palette: &BTreeMap<&str, Color>) -> Result<Style, String> {
        let colour = |word: &Option<String>| -> Result<Option<Color>, String> {
            let Some(word) = word else { return Ok(None) };
            palette.get(word.as_str()).copied().or_else(|| parse_colour(word)).map(Some).ok_or(word.clone())
        };
        let mut style = Style::new().add_modifier(self.modifiers);
        style.fg = colour(&self.fg)?;
        style.bg = colour(&self.bg)?;
        Ok(style)
    }
}

/// A colour's word: a text, or a number without quotes.
fn colour_word(source: &mut Source<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::Integer(number) => Some(number.to_string()),
        _ => source.string(key, value),
    }
}

/// A colour that stands for itself (not a palette's name).
fn read_colour(source: &mut Source<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Color> {
    let word = colour_word(source, key, value)?;
    let colour = parse_colour(&word);
    if colour.is_none() {
        let span: Range<usize> = value.span();
        source.problem(&span, format!("`{key}` is \"{word}\", which is no colour"), COLOURS);
    }
    colour
}

/// `#rrggbb`, `#rgb`, a number of the 256, or a name of the terminal's own 16.
fn parse_colour(word: &str) -> Option<Color> {
    if let Some(hex) = word.strip_prefix('#') {
        let digits: Option<Vec<u8>> =
            hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        return match digits?.as_slice() {
            [r, g, b] => Some(Color::Rgb(r * 17, g * 17, b * 17)),
            [r, s, g, h, b, c] => Some(Color::Rgb(r * 16 + s, g * 16 + h, b * 16 + c)),
            _ => None,
        };
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok().map(Color::Indexed);
    }
    let colour = match word.to_ascii_lowercase().replace('_', "-").as_str() {
        "default" | "reset" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        // ratatui's names: its `Gray` is the terminal's white (7), its `White` the bright one (15).
        "white" => Color::Gray,
        "bright-black" | "gray" | "grey" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    };
    Some(colour)
}

#[cfg(test)]
impl Themes {
    /// The colours that a built-in theme was made for.
    pub(super) fn ground(&self, name: &str) -> Option<(Color, Color)> {
        let chain = self.chain(name, &mut Vec::new());
        let background = chain.iter().find_map(|sheet| sheet.ground.background)?;
        let foreground = chain.iter().find_map(|sheet| sheet.ground.foreground)?;
        Some((background, foreground))
    }

    /// Roles that a theme's files say something about.
    pub(super) fn told(&self, name: &str) -> Vec<&'static str> {
        let chain = self.chain(name, &mut Vec::new());
        chain.iter().flat_map(|sheet| sheet.roles.keys().copied()).collect()
    }
}
