//! A kernel that pretends to run Python: sleeps, `raise`, prints, assignments, literals, small sums, and calls of a few
//! functions that this lab is said to have. Anything else says plainly that this is a demonstration.
//!
//! As on the real one, cells run one by one unless `run_async`, a cell that blocks makes the whole service wait, and an
//! error comes back inside an `ok` without a traceback.

use super::{
    Lab,
    json::{self, Json},
    lock,
    service::{self, Service, seconds, word},
};

/// Modules that can be imported here.
const MODULES: [&str; 12] = [
    "asyncio", "drivers", "json", "lab", "math", "measure", "numpy", "orangeqs", "os", "scipy", "sys", "time",
];

/// Functions of the lab's own: how long each takes, in seconds, and what it gives back as JSON.
const FUNCTIONS: [(&str, f64, &str); 5] = [
    ("scan_all", 12.0, r#"{"q1": 4.81e9, "q2": 5.02e9, "q3": 4.93e9, "q4": 5.11e9}"#),
    ("status", 0.2, r#"{"fridge": "cold", "mixing_chamber": 0.0103, "qubits": 16}"#),
    ("save", 1.0, "null"),
    ("align_mixers", 6.0, r#"{"leakage_db": -61.4, "image_db": -54.9}"#),
    ("plot", 0.6, r#""<matplotlib.axes._axes.Axes object at 0x7f2d5c0b1d50>""#),
];

/// Names that a kernel remembers; then it forgets them all.
const NAMES: usize = 1_000;

/// What a cell raised: class and message.
struct Raised(String, String);

/// Runs an `IPythonTask`; the result is the inner frame.
pub(super) async fn run(lab: &Lab, service: &Service, fields: &Json) -> Json {
    let code = word(fields, "code");
    let result = if fields.get("run_async") == Some(&Json::Bool(true)) {
        cell(service, code).await
    } else {
        let _running = service.kernel.lock().await;
        lab.bus.service_state(&service.name, "busy");
        let result = cell(service, code).await;
        lab.bus.service_state(&service.name, "idle");
        result
    };
    match result {
        Ok(value) => Json::map([("status", Json::text("ok")), ("result", value)]),
        Err(Raised(ename, evalue)) => Json::map([
            ("status", Json::text("error")),
            ("ename", Json::text(ename)),
            ("evalue", Json::text(evalue)),
        ]),
    }
}

/// A cell that somebody runs from a notebook: the kernel is busy, and no task says why.
pub(super) async fn foreign(lab: &Lab, name: &str, takes: f64) {
    let Some(service) = lab.services.iter().find(|service| service.name == name) else { return };
    let _running = service.kernel.lock().await;
    lab.bus.service_state(name, "busy");
    tokio::time::sleep(seconds(takes)).await;
    lab.bus.service_state(name, "idle");
}

/// Statement by statement; the value of the last one.
async fn cell(service: &Service, code: &str) -> Result<Json, Raised> {
    // The question for the kernel's task types is real Python, far beyond this one.
    if code.starts_with("(lambda ") && code.contains("_task_handlers") {
        return Ok(service::listing(&service.name));
    }
    let mut value = Json::Null;
    for line in statements(code) {
        value = statement(service, line).await?;
    }
    Ok(value)
}

/// Splits at line ends and at `;`, outside of quotes; comments and empty ones are left out.
fn statements(code: &str) -> Vec<&str> {
    // Only the first one of a line can be indented.
    let piece = |start, end, same_line: bool| {
        let piece = code.get(start..end).unwrap_or_default();
        if same_line { piece.trim_start() } else { piece }
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut quote = None;
    let mut same_line = false;
    for (at, character) in code.char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (_, '\n') | (None, ';') => {
                quote = None;
                found.push(piece(start, at, same_line));
                start = at + 1;
                same_line = character == ';';
            }
            _ => {}
        }
    }
    found.push(piece(start, code.len(), same_line));
    found.retain(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    found
}

async fn statement(service: &Service, line: &str) -> Result<Json, Raised> {
    if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
        return Err(beyond(line));
    }
    let line = line.trim();
    if let Some(inside) = call(line, "await asyncio.sleep") {
        tokio::time::sleep(seconds(float(inside)?)).await;
        return Ok(Json::Null);
    }
    if let Some(inside) = call(line, "time.sleep") {
        let long = seconds(float(inside)?);
        let _blocked = service.turn.lock().await;
        tokio::time::sleep(long).await;
        return Ok(Json::Null);
    }
    if let Some(module) = line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")) {
        let module = module.split([' ', '.', ',']).next().unwrap_or_default();
        return if MODULES.contains(&module) {
            Ok(Json::Null)
        } else {
            Err(Raised("ModuleNotFoundError".to_owned(), format!("No module named '{module}'")))
        };
    }
    if let Some(raised) = line.strip_prefix("raise ") {
        let (class, arguments) = raised.trim().split_once('(').unwrap_or((raised.trim(), ""));
        let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
        let message = match (literal(arguments), literal(&format!("[{}]", arguments.replace('\'', "\"")))) {
            // `str(KeyError(key))` is the key's `repr`.
            (Some(Json::Text(text)), _) if class != "KeyError" => text,
            (Some(one), _) => one.repr(),
            (None, Some(Json::List(all))) if !all.is_empty() => {
                format!("({})", all.iter().map(Json::repr).collect::<Vec<_>>().join(", "))
            }
            _ => String::new(),
        };
        return Err(Raised(class.to_owned(), message));
    }
    if call(line, "print").is_some() {
        return Ok(Json::Null);
    }
    if let Some((name, value)) = line.split_once('=')
        && is_name(name.trim())
        && !value.starts_with('=')
    {
        let value = expression(service, value.trim()).await?;
        let mut names = lock(&service.names);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(name.trim().to_owned(), value);
        return Ok(Json::Null);
    }
    expression(service, line).await
}

async fn expression(service: &Service, text: &str) -> Result<Json, Raised> {
    if let Some(value) = literal(text) {
        return Ok(value);
    }
    if let Some(word) = call(text, "float") {
        return match literal(word).as_ref().map(|word| (word.as_f64(), word.as_str())) {
            Some((Some(number), _)) => Ok(Json::float(number)),
            Some((_, Some(word))) => word.trim().parse().map(Json::float).map_err(|_| {
                let says = format!("could not convert string to float: {}", Json::text(word).repr());
                Raised("ValueError".to_owned(), says)
            }),
            _ => Err(beyond(text)),
        };
    }
    if let Some(sum) = sum(text) {
        return sum;
    }
    let name = text.strip_prefix("await ").unwrap_or(text);
    let (name, arguments) = name.split_once('(').map_or((name, None), |(name, rest)| (name, Some(rest)));
    if !is_name(name) {
        return Err(beyond(text));
    }
    if let (None, Some(value)) = (arguments, lock(&service.names).get(name)) {
        return Ok(value.clone());
    }
    match (FUNCTIONS.iter().find(|(known, ..)| *known == name), arguments) {
        (Some((_, takes, gives)), Some(_)) => {
            // Measuring code blocks, as it does in most labs.
            let _blocked = service.turn.lock().await;
            tokio::time::sleep(seconds(*takes)).await;
            Ok(json::parse(gives).unwrap_or(Json::Null))
        }
        (Some(_), None) => Ok(Json::text(format!("<function {name} at 0x7f2d5c0a9e40>"))),
        (None, _) => Err(Raised("NameError".to_owned(), format!("name '{name}' is not defined"))),
    }
}

/// What stands between the brackets of a call of `name`.
fn call<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|character| character.is_alphanumeric() || character == '_')
}

/// Numbers, texts, lists and maps as far as JSON knows them, and Python's three words.
fn literal(text: &str) -> Option<Json> {
    let text = text.trim();
    match text {
        "None" => return Some(Json::Null),
        "True" => return Some(Json::Bool(true)),
        "False" => return Some(Json::Bool(false)),
        _ => {}
    }
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(inner) = inner.filter(|inner| !inner.contains(['\'', '\\'])) {
        return Some(Json::text(inner));
    }
    json::parse(text)
}

fn float(text: &str) -> Result<f64, Raised> {
    literal(text).and_then(|value| value.as_f64()).ok_or_else(|| beyond(text))
}

/// Two numbers with a sign between them.
fn sum(text: &str) -> Option<Result<Json, Raised>> {
    for sign in ['+', '-', '*', '/'] {
        let Some((left, right)) = text.split_once(sign) else { continue };
        let (left, right) = (literal(left)?, literal(right)?);
        let (a, b) = (left.as_f64()?, right.as_f64()?);
        let ints = left.type_name() == "int" && right.type_name() == "int";
        if sign == '/' && b == 0.0 {
            let says = if ints { "division by zero" } else { "float division by zero" };
            return Some(Err(Raised("ZeroDivisionError".to_owned(), says.to_owned())));
        }
        let value = match sign {
            '+' => a + b,
            '-' => a - b,
            '*' => a * b,
            _ => a / b,
        };
        let whole = ints && sign != '/';
        return Some(Ok(if whole { Json::Number(format!("{value:.0}")) } else { Json::float(value) }));
    }
    None
}

fn beyond(text: &str) -> Raised {
    let shown: String = text.trim().chars().take(40).collect();
    Raised(
        "NotImplementedError".to_owned(),
        format!("this is a demonstration, its kernel cannot run {shown:?}"),
    )
}
