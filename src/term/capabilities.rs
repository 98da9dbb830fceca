//! What the terminal can show, as far as the environment tells. Pure; asks the terminal nothing, since an answer
//! that comes late over a slow link is as good as typed text.

use super::notice::Desktop;

/// How many colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Colours {
    /// No colour codes at all: wished for (`NO_COLOR`), or a terminal without.
    None,
    /// The terminal's own sixteen.
    Ansi16,
    /// The fixed palette of 256.
    Ansi256,
    /// 24 bits.
    TrueColour,
}

/// What is known about the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How many colours may be used.
    pub colours: Colours,
    /// Whether the locale says UTF-8; otherwise frames and signs are ASCII.
    pub utf8: bool,
    /// Its window has a title that a program can set.
    pub title: bool,
    /// How it is asked for a notice on the desktop, where it is known to understand that.
    pub desktop: Option<Desktop>,
    /// Inside tmux.
    pub tmux: bool,
    /// Inside GNU screen.
    pub screen: bool,
    /// Reached over ssh: what is copied goes to another machine, links are slow.
    pub ssh: bool,
}

impl Capabilities {
    /// Reads the environment through `env`, which looks up a variable.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Capabilities {
        let get = |name: &str| env(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let tmux = get("TMUX").is_some() || term.starts_with("tmux");
        Capabilities {
            colours: if get("NO_COLOR").is_some() { Colours::None } else { colours(&term, get("COLORTERM")) },
            title: !term.is_empty() && !is_of(&term, &UNTITLED),
            desktop: desktop(&term, &get).filter(|_| !is_of(&term, &UNTITLED)),
            utf8: ["LC_ALL", "LC_CTYPE", "LANG"]
                .into_iter()
                .find_map(get)
                .is_some_and(|value| is_utf8(&value)),
            tmux,
            screen: get("STY").is_some() || (!tmux && term.starts_with("screen")),
            ssh: ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(|name| get(name).is_some()),
        }
    }
}

/// Some tell their name in `TERM`, some only in variables of their own, which also reach what runs in a multiplexer.
fn desktop(term: &str, get: &dyn Fn(&str) -> Option<String>) -> Option<Desktop> {
    let program = get("TERM_PROGRAM").unwrap_or_default();
    let is = |terms: &[&str], names: &[&str], own: &[&str]| {
        is_of(term, terms) || names.contains(&program.as_str()) || own.iter().any(|name| get(name).is_some())
    };
    if is(&["xterm-kitty"], &[], &["KITTY_WINDOW_ID"]) {
        Some(Desktop::Osc99)
    } else if is(
        &["foot", "xterm-ghostty", "ghostty", "wezterm", "rxvt-unicode"],
        &["ghostty", "WezTerm"],
        &["GHOSTTY_RESOURCES_DIR", "WEZTERM_PANE"],
    ) {
        Some(Desktop::Osc777)
    } else if is(&[], &["iTerm.app"], &["ITERM_SESSION_ID"])
        || get("LC_TERMINAL").is_some_and(|name| name == "iTerm2")
    {
        Some(Desktop::Osc9)
    } else {
        None
    }
}

/// Those that know no strings (OSC) or have no window: some would show the title in the middle of the picture.
const UNTITLED: [&str; 17] = [
    "dumb", "vt52", "vt100", "vt102", "vt220", "vt320", "vt420", "hpterm", "linux", "cygwin", "ansi",
    "cons25", "pcansi", "wsvt25", "eterm", "sun", "wyse",
];

/// Whether `TERM` is one of these, or a variant of it.
fn is_of(term: &str, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| term.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

/// `TERM` first: `COLORTERM` is handed down to whatever runs inside, such as a screen that knows no 24 bits and
/// reads such codes as other attributes.
fn colours(term: &str, colorterm: Option<String>) -> Colours {
    const COLOURLESS: [&str; 8] = ["dumb", "vt52", "vt100", "vt102", "vt220", "vt320", "vt420", "hpterm"];
    const SIXTEEN: [&str; 6] = ["linux", "cygwin", "ansi", "cons25", "pcansi", "wsvt25"];
    const TRUE: [&str; 8] =
        ["xterm-kitty", "xterm-ghostty", "ghostty", "alacritty", "wezterm", "foot", "contour", "rio"];
    let family = |names: &[&str]| is_of(term, names);
    let promised =
        colorterm.is_some_and(|value| ["truecolor", "24bit"].contains(&value.to_ascii_lowercase().as_str()));
    let palette = if term.contains("256") { Colours::Ansi256 } else { Colours::Ansi16 };
    if term.is_empty() || family(&COLOURLESS) || term.ends_with("-mono") || term.ends_with("-m") {
        Colours::None
    } else if family(&SIXTEEN) || term.ends_with("-16color") {
        Colours::Ansi16
    } else if term.starts_with("screen") {
        palette
    } else if promised || term.ends_with("-direct") || family(&TRUE) {
        Colours::TrueColour
    } else {
        palette
    }
}

/// `en_GB.UTF-8`, `C.utf8`.
fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Capabilities {
        Capabilities::from_env(&|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn colours_by_terminal() {
        use Colours::{Ansi16, Ansi256, None, TrueColour};
        let table = [
            ("", "", None),
            ("dumb", "truecolor", None),
            ("vt100", "", None),
            ("vt100", "truecolor", None),
            ("vt220-w", "", None),
            ("xterm-mono", "", None),
            ("linux", "", Ansi16),
            ("linux", "truecolor", Ansi16),
            ("linux-16color", "", Ansi16),
            ("ansi", "", Ansi16),
            ("xterm", "", Ansi16),
            ("xterm", "truecolor", TrueColour),
            ("xterm", "yes", Ansi16),
            ("xterm-16color", "truecolor", Ansi16),
            ("xterm-256color", "", Ansi256),
            ("xterm-256color", "truecolor", TrueColour),
            ("xterm-256color", "24bit", TrueColour),
            ("xterm-direct", "", TrueColour),
            ("xterm-kitty", "", TrueColour),
            ("foot-extra", "", TrueColour),
            ("footer", "", Ansi16),
            ("screen", "", Ansi16),
            ("screen", "truecolor", Ansi16),
            ("screen-256color", "", Ansi256),
            ("screen-256color", "truecolor", Ansi256),
            ("screen.xterm-256color", "truecolor", Ansi256),
            ("tmux-256color", "", Ansi256),
            ("tmux-256color", "truecolor", TrueColour),
            ("rxvt-unicode-256color", "rxvt", Ansi256),
            ("something-new", "", Ansi16),
        ];
        for (term, colorterm, wanted) in table {
            let env = [("TERM", term), ("COLORTERM", colorterm)];
            assert_eq!(read(&env).colours, wanted, "TERM={term} COLORTERM={colorterm}");
            let env = [("TERM", term), ("COLORTERM", colorterm), ("NO_COLOR", "1")];
            assert_eq!(read(&env).colours, None, "NO_COLOR=1 TERM={term}");
            let env = [("TERM", term), ("COLORTERM", colorterm), ("NO_COLOR", "")];
            assert_eq!(read(&env).colours, wanted, "an empty NO_COLOR is not set");
        }
    }

    #[test]
    fn only_what_has_a_window_gets_a_title() {
        for term in ["", "dumb", "linux", "linux-16color", "vt100", "vt220-w", "cons25", "eterm-color"] {
            assert!(!read(&[("TERM", term)]).title, "{term}");
        }
        for term in
            ["xterm", "xterm-256color", "screen", "tmux-256color", "foot", "rxvt-unicode", "something-new"]
        {
            assert!(read(&[("TERM", term)]).title, "{term}");
        }
    }

    #[test]
    fn only_what_is_known_to_show_notices_is_asked_to() {
        type Environment = &'static [(&'static str, &'static str)];
        let table: [(Environment, Option<Desktop>); 14] = [
            (&[], None),
            (&[("TERM", "xterm-256color")], None),
            (&[("TERM", "xterm-kitty")], Some(Desktop::Osc99)),
            (&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")], Some(Desktop::Osc99)),
            (&[("TERM", "foot-extra")], Some(Desktop::Osc777)),
            (&[("TERM", "footer")], None),
            (&[("TERM", "rxvt-unicode-256color")], Some(Desktop::Osc777)),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], Some(Desktop::Osc777)),
            (&[("TERM", "xterm-ghostty")], Some(Desktop::Osc777)),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], Some(Desktop::Osc9)),
            (&[("TERM", "xterm-256color"), ("LC_TERMINAL", "iTerm2")], Some(Desktop::Osc9)),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "vscode")], None),
            (&[("TERM", "linux"), ("KITTY_WINDOW_ID", "1")], None),
            (&[("TERM", "vt100"), ("TERM_PROGRAM", "iTerm.app")], None),
        ];
        for (env, wanted) in table {
            assert_eq!(read(env).desktop, wanted, "{env:?}");
        }
    }

    #[test]
    fn utf8_by_the_first_locale_variable_that_is_set() {
        let table: [(&[(&str, &str)], bool); 9] = [
            (&[], false),
            (&[("LANG", "C")], false),
            (&[("LANG", "en_GB.UTF-8")], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LC_ALL", "POSIX"), ("LANG", "en_GB.UTF-8")], false),
            (&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")], true),
            (&[("LC_CTYPE", "UTF-8")], true),
            (&[("LC_CTYPE", "C"), ("LANG", "en_GB.UTF-8")], false),
            (&[("LANG", "nl_NL.ISO-8859-1")], false),
        ];
        for (env, wanted) in table {
            assert_eq!(read(env).utf8, wanted, "{env:?}");
        }
    }

    #[test]
    fn multiplexers_and_ssh() {
        let tmux = read(&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")]);
        assert!(tmux.tmux && !tmux.screen && !tmux.ssh);
        let screen = read(&[("TERM", "screen"), ("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22")]);
        assert!(screen.screen && !screen.tmux && screen.ssh);
        let plain = read(&[("TERM", "xterm"), ("TMUX", "")]);
        assert!(!plain.tmux && !plain.screen && !plain.ssh);
    }
}
