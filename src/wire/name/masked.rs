//! A display name without the secrets in it.
//!
//! Juice repeats a task's values in its name, and so does every dashboard. What stands there under a name that sounds
//! like a secret's is no business of whoever looks over a shoulder. Names are texts that anybody may write: what looks like
//! `name=value` or `'name': value` is taken for it, and more may be masked than would have to be. A secret that stands
//! there without its name stays.

/// What a secret is shown as, as Python's own classes do it.
pub const SECRET: &str = "**********";

/// Whether a field's name says that its value is a secret.
pub fn sounds_secret(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "secret",
        "token",
        "apikey",
        "privatekey",
        "credential",
        "bearer",
    ];
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WORDS.iter().any(|word| plain.contains(word))
}

/// The name with asterisks in place of what [sounds like a secret](sounds_secret); `None` where it has none.
pub fn masked_name(name: &str) -> Option<String> {
    // Most names have none of these words, and names are looked at often.
    if !sounds_secret(name) {
        return None;
    }
    let mut out = String::new();
    let (mut at, mut written) = (0, 0);
    while let Some(c) = name[at..].chars().next() {
        let (key, end) = match c {
            '\'' | '"' => (inside(&name[at..]), at + quoted(&name[at..])),
            c if is_word(c) => {
                let length = name[at..].find(|c| !is_word(c)).unwrap_or(name.len() - at);
                (&name[at..at + length], at + length)
            }
            c => {
                at += c.len_utf8();
                continue;
            }
        };
        at = end;
        let mark = if matches!(c, '\'' | '"') { ": " } else { "=" };
        let Some(value) = name[at..].strip_prefix(mark).filter(|v| !v.starts_with('=') && sounds_secret(key))
        else {
            continue;
        };
        at += mark.len();
        let length = value_of(value);
        if hides_something(&value[..length]) {
            out.push_str(&name[written..at]);
            out.push_str(SECRET);
            written = at + length;
        }
        at += length;
    }
    (written > 0).then(|| out + &name[written..])
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Bytes of the quoted text that this begins with; all of it where its end was cut off.
fn quoted(text: &str) -> usize {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if Some(c) == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A quoted text without its marks.
fn inside(text: &str) -> &str {
    let whole = &text[..quoted(text)];
    whole.trim_matches(['\'', '"'])
}

/// Bytes of the value that this begins with: to the comma or bracket behind it.
fn value_of(text: &str) -> usize {
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\'' | '"' => {
                at += quoted(&text[at..]);
                continue;
            }
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' if open == 0 => return at,
            ')' | ']' | '}' => open -= 1,
            ',' if open == 0 => return at,
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}

/// Whether a value can be a secret: `None`, an empty text and what is masked already are none.
fn hides_something(value: &str) -> bool {
    let inner = value.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_matches(['(', ')']);
    let is_masked = inner.len() > 2 && inner.trim_matches(['\'', '"', '*']).is_empty();
    !(matches!(value, "" | "None" | "True" | "False" | "''" | "\"\"" | "[]" | "{}") || is_masked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::display_name;
    use super::*;
    use crate::wire::json;

    #[test]
    fn what_sounds_like_a_secret_is_masked_and_nothing_else() {
        for (name, wanted) in [
            ("Login: user='me', password='hush'", "Login: user='me', password=**********"),
            ("Login: password='hu\\'sh, x', n=1", "Login: password=**********, n=1"),
            ("Login: api_key=12.5, n=1", "Login: api_key=**********, n=1"),
            (
                "Login: login={'user': 'me', 'pass-word': 'hush'}, n=1",
                "Login: login={'user': 'me', 'pass-word': **********}, n=1",
            ),
            ("Login: tokens=['a', ['b']], n=[1]", "Login: tokens=**********, n=[1]"),
            ("Login: secret='cut off…", "Login: secret=**********"),
            ("connect with token=hush", "connect with token=**********"),
        ] {
            assert_eq!(masked_name(name).as_deref(), Some(wanted));
        }
        for name in [
            "Login: password=SecretStr('**********')",
            "Login: password=''",
            "Login: token=None, secret=False",
            "Login: note='password=hush'",
            "PasswordCheck: n=1",
            "tokens == 3",
            "",
        ] {
            assert_eq!(masked_name(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_is_left_in_the_names_that_juice_makes(
            text in "[ -~é量]{0,12}", secret in "[ -~é量]{1,12}", n in any::<i32>()
        ) {
            let secret = format!("hush{secret}");
            let payload = format!(
                r#"{{"a": {text}, "token": {hidden}, "b": {{"x": {n}, "passwd": [{hidden}]}}, "c": {n}}}"#,
                text = json::quote(&text),
                hidden = json::quote(&secret),
            );
            let name = masked_name(&display_name("Task", &payload, &[])).unwrap();
            prop_assert!(!name.contains("hush"), "{}", name);
            let end = format!(", c={n}");
            prop_assert!(name.ends_with(&end), "{}", name);
        }

        #[test]
        fn any_text_is_taken(text in "(?s)[token='\"\\\\:{}\\[\\](), é]{0,60}") {
            let _ = masked_name(&text);
        }
    }
}
