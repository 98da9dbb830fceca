//! Something that answers as InfluxDB 2: it keeps every point that Juice writes, and answers questions about them in
//! annotated CSV. Of Flux it understands what juicetop asks: a bucket and a range, filters by tags, fields, numbers and texts in a record,
//! `pivot`, `group`, `sort` and `limit`; each from the text itself. What it does as InfluxDB does (its tables, its quoting, its
//! limit of 1 MiB a text, its errors) is from InfluxDB's source and issues: no real one was at hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use regex::Regex;

/// The token that may read and write.
pub const TOKEN: &str = "t";
/// A longer text is refused.
const LONGEST: usize = 1 << 20;

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Boolean(bool),
    Number(String),
}

/// What makes a point: bucket, measurement, tags, and nanoseconds since the epoch. A second one of the same adds its fields.
type Key = (String, String, BTreeMap<String, String>, i64);
type Points = Arc<Mutex<BTreeMap<Key, BTreeMap<String, Value>>>>;

/// A database that runs for as long as this process lives.
pub struct Influx {
    /// Its port on the loopback address.
    pub port: u16,
    points: Points,
}

impl Influx {
    /// Starts it on a free port.
    pub fn start() -> std::io::Result<Influx> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let all = Points::default();
        let points = all.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let points = points.clone();
                // A client that goes away in the middle is no concern of ours.
                thread::spawn(move || answer(connection, &points).ok());
            }
        });
        Ok(Influx { port, points: all })
    }

    /// Whether it has a point in which each of these words is the text of a tag or of a field.
    pub fn has(&self, words: &[&str]) -> bool {
        let points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        points.iter().any(|((_, _, tags, _), fields)| {
            let is_field =
                |word: &str| fields.values().any(|v| matches!(v, Value::Text(text) if text == word));
            words.iter().all(|word| tags.values().any(|tag| tag == word) || is_field(word))
        })
    }
}

/// Answers the requests of one connection until it closes.
fn answer(connection: TcpStream, points: &Points) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let (mut length, mut token) = (0, String::new());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap_or(0);
                }
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    token = value.trim().to_owned();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = Vec::new();
        (&mut reader).take(length).read_to_end(&mut body)?;
        let body = String::from_utf8_lossy(&body);
        let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
        let answer = if token != format!("Token {TOKEN}") {
            Err(("401 Unauthorized", "unauthorized", "unauthorized access".to_owned()))
        } else if request.contains("/api/v2/query") {
            let flux: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            found(flux["query"].as_str().unwrap_or_default(), points)
        } else {
            write(&request, &body, points)
        };
        match answer {
            // Its length is not known before: it comes in chunks.
            Ok(Some(csv)) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: text/csv; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
                );
                writer.write_all(head.as_bytes())?;
                for chunk in csv.as_bytes().chunks(4_000) {
                    writer.write_all(format!("{:x}\r\n", chunk.len()).as_bytes())?;
                    writer.write_all(chunk)?;
                    writer.write_all(b"\r\n")?;
                }
                writer.write_all(b"0\r\n\r\n")?;
            }
            Ok(None) => {
                let head = format!("HTTP/1.1 204 No Content\r\nDate: {date}\r\n\r\n");
                writer.write_all(head.as_bytes())?;
            }
            Err((status, code, message)) => {
                let body = serde_json::json!({"code": code, "message": message}).to_string();
                let head = format!(
                    "HTTP/1.1 {status}\r\nDate: {date}\r\nX-Platform-Error-Code: {code}\r\n\
                    Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                writer.write_all(head.as_bytes())?;
            }
        }
    }
}

/// A status with its words, a code, a message.
type Refusal = (&'static str, &'static str, String);

/// Takes points in.
fn write(request: &str, lines: &str, points: &Points) -> Result<Option<String>, Refusal> {
    let bucket =
        Regex::new("[?&]bucket=([^& ]+)").ok().and_then(|part| Some(part.captures(request)?[1].to_owned()));
    let bucket = bucket.unwrap_or_default();
    let mut dropped = Vec::new();
    let mut all = points.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rest = lines;
    while let Some((measurement, tags, fields, at)) = point(&mut rest) {
        let too_long = |value: &Value| matches!(value, Value::Text(text) if text.len() > LONGEST);
        if let Some((name, _)) = fields.iter().find(|(_, value)| too_long(value)) {
            dropped.push(format!("input field \"{name}\" on measurement \"{measurement}\" is too long"));
            continue;
        }
        all.entry((bucket.clone(), measurement, tags, at)).or_default().extend(fields);
    }
    match dropped.first() {
        Some(why) => Err((
            "422 Unprocessable Entity",
            "unprocessable entity",
            format!("{why} dropped={}", dropped.len()),
        )),
        None => Ok(None),
    }
}

type Point = (String, BTreeMap<String, String>, BTreeMap<String, Value>, i64);

/// Takes the next point off lines of the line protocol. A text in quotes may have line breaks.
fn point(rest: &mut &str) -> Option<Point> {
    *rest = rest.trim_start_matches(['\n', '\r']);
    let (measurement, mut end) = word(rest, &[',', ' '])?;
    let mut tags = BTreeMap::new();
    while end == ',' {
        let (name, _) = word(rest, &['='])?;
        let (value, next) = word(rest, &[',', ' '])?;
        tags.insert(name, value);
        end = next;
    }
    let mut fields = BTreeMap::new();
    loop {
        let (name, _) = word(rest, &['='])?;
        let value = match rest.strip_prefix('"') {
            Some(text) => {
                let mut value = String::new();
                let mut characters = text.char_indices();
                let close = loop {
                    match characters.next()? {
                        (at, '"') => break at,
                        (_, '\\') => match characters.next()?.1 {
                            escaped @ ('"' | '\\') => value.push(escaped),
                            other => value.extend(['\\', other]),
                        },
                        (_, other) => value.push(other),
                    }
                };
                *rest = &text[close + 1..];
                end = rest.chars().next()?;
                *rest = &rest[end.len_utf8()..];
                Value::Text(value)
            }
            None => {
                let (value, next) = word(rest, &[',', ' '])?;
                end = next;
                match value.as_str() {
                    "true" | "t" | "T" | "True" => Value::Boolean(true),
                    "false" | "f" | "F" | "False" => Value::Boolean(false),
                    number => Value::Number(number.trim_end_matches(['i', 'u']).to_owned()),
                }
            }
        };
        fields.insert(name, value);
        if end == ' ' {
            break;
        }
    }
    let line = rest.find('\n').unwrap_or(rest.len());
    let at = rest[..line].trim().parse().ok()?;
    *rest = &rest[line..];
    Some((measurement, tags, fields, at))
}

/// Takes a word off, up to one of these signs, which is taken too; a backslash lets the next one stand for itself.
fn word(rest: &mut &str, ends: &[char]) -> Option<(String, char)> {
    let mut word = String::new();
    let mut characters = rest.char_indices();
    loop {
        let (at, c) = characters.next()?;
        match c {
            '\\' => word.push(characters.next()?.1),
            end if ends.contains(&end) => {
                *rest = &rest[at + end.len_utf8()..];
                return Some((word, end));
            }
            other => word.push(other),
        }
    }
}

/// A row of an answer: its columns by their names.
type Row = BTreeMap<String, Value>;

/// What the question asks for.
fn found(flux: &str, points: &Points) -> Result<Option<String>, Refusal> {
    let invalid =
        |what: &str| ("400 Bad Request", "invalid", format!("compilation failed: error {what} in {flux}"));
    let part = |pattern: &str| Some(Regex::new(pattern).ok()?.captures(flux)?[1].to_owned());
    let all = |pattern: &str| -> Vec<(String, String)> {
        let found = Regex::new(pattern).expect("a pattern");
        let part =
            |it: &regex::Captures<'_>, at| it.get(at).map_or(String::new(), |it| it.as_str().to_owned());
        found.captures_iter(flux).map(|it| (part(&it, 1), part(&it, 2))).collect()
    };
    let now = Utc::now();
    let moment = |text: Option<String>| -> Option<DateTime<Utc>> {
        let text = text?;
        let length = Regex::new(r"^(-?\d+)(ms|s|m|h|d)$").ok()?;
        match length.captures(&text) {
            Some(parts) => {
                let n: i64 = parts[1].parse().ok()?;
                Some(
                    now + match &parts[2] {
                        "ms" => TimeDelta::milliseconds(n),
                        "s" => TimeDelta::seconds(n),
                        "m" => TimeDelta::minutes(n),
                        "h" => TimeDelta::hours(n),
                        _ => TimeDelta::days(n),
                    },
                )
            }
            None if text == "now()" => Some(now),
            None => DateTime::parse_from_rfc3339(&text).ok().map(|at| at.to_utc()),
        }
    };
    let bucket = part(r#"from\(bucket: "([^"]*)"\)"#).ok_or_else(|| invalid("no bucket"))?;
    let from = moment(part(r"start: ([^,]+),")).ok_or_else(|| invalid("no start"))?;
    let until = moment(part(r"stop: ([^)]+)\)")).ok_or_else(|| invalid("no stop"))?;
    if from >= until {
        return Err(("400 Bad Request", "invalid", "cannot query an empty range".to_owned()));
    }
    let points = points.lock().unwrap_or_else(PoisonError::into_inner);
    if !points.keys().any(|(name, ..)| *name == bucket) {
        let message = format!("failed to initialize execute state: could not find bucket \"{bucket}\"");
        return Err(("404 Not Found", "not found", message));
    }
    // One of several in brackets, each of the others.
    let any_of = Regex::new(r#"\((r\.\w+ == "(?:[^"\\]|\\.)*"(?: or r\.\w+ == "(?:[^"\\]|\\.)*")*)\)"#)
        .expect("a pattern");
    let tests = Regex::new(r#"r\.(\w+) == "((?:[^"\\]|\\.)*)""#).expect("a pattern");
    let pairs = |text: &str| -> Vec<(String, String)> {
        tests.captures_iter(text).map(|it| (it[1].to_owned(), it[2].to_owned())).collect()
    };
    let any: Vec<Vec<(String, String)>> = any_of.captures_iter(flux).map(|group| pairs(&group[1])).collect();
    let equal = pairs(&any_of.replace_all(flux, ""));
    let unequal = all(r#"r\.(\w+) != "((?:[^"\\]|\\.)*)""#);
    let least = all(r"int\(v: r\.(\w+)\) >= (\d+)");
    let below = all(r"int\(v: r\.(\w+)\) < (\d+)");
    let says = all(
        r#"=> (not )?strings\.containsStr\(v: strings\.toLower\(v: string\(v: json\.parse\(data: bytes\(v: r\._value\)\)\.message\)\), substr: "((?:[^"\\]|\\.)*)"\)"#,
    );
    let among = all(r#"contains\(value: r\["(\w+)"\], set: \[([^\]]*)\]\)"#);
    let texts = Regex::new(r#""((?:[^"\\]|\\.)*)""#).expect("a pattern");
    let is_pivoted = flux.contains("pivot(");
    // Tables by what their rows have in common, unless they are grouped anew.
    let mut tables: BTreeMap<Vec<String>, Vec<(i64, Row)>> = BTreeMap::new();
    for ((name, measurement, tags, at), fields) in points.iter() {
        let time = DateTime::from_timestamp_nanos(*at);
        if *name != bucket || !(from..until).contains(&time) {
            continue;
        }
        let mut common: Row =
            tags.iter().map(|(tag, value)| (tag.clone(), Value::Text(value.clone()))).collect();
        common.insert("_measurement".to_owned(), Value::Text(measurement.clone()));
        let rows: Vec<Row> = match is_pivoted {
            true => vec![common.into_iter().chain(fields.clone()).collect()],
            false => fields
                .iter()
                .map(|(field, value)| {
                    let own = [("_field", Value::Text(field.clone())), ("_value", value.clone())];
                    common
                        .clone()
                        .into_iter()
                        .chain(own.map(|(name, value)| (name.to_owned(), value)))
                        .collect()
                })
                .collect(),
        };
        for row in rows {
            let text = |column: &String| match row.get(column) {
                Some(Value::Text(text) | Value::Number(text)) => text.clone(),
                Some(Value::Boolean(value)) => value.to_string(),
                None => String::new(),
            };
            let message = || {
                let record: serde_json::Value =
                    serde_json::from_str(&text(&"_value".to_owned())).unwrap_or_default();
                record["message"].as_str().unwrap_or_default().to_lowercase()
            };
            let is = |(column, wanted): &(String, String)| text(column) == unescaped(wanted);
            let passes = equal.iter().all(is)
                && any.iter().all(|group| group.iter().any(is))
                && !unequal.iter().any(is)
                && below
                    .iter()
                    .all(|(column, most)| text(column).parse::<i64>().ok() < most.parse::<i64>().ok())
                && says.iter().all(|(not, wanted)| message().contains(&unescaped(wanted)) == not.is_empty())
                && least
                    .iter()
                    .all(|(column, least)| text(column).parse::<i64>().ok() >= least.parse::<i64>().ok())
                && among.iter().all(|(column, set)| {
                    texts.captures_iter(set).any(|it| unescaped(&it[1]) == text(column))
                });
            if passes {
                let key: Vec<String> = tags
                    .values()
                    .cloned()
                    .chain(row.get("_field").map(|_| text(&"_field".to_owned())))
                    .collect();
                let key = if flux.contains("|> group()") { Vec::new() } else { key };
                tables.entry(key).or_default().push((*at, row));
            }
        }
    }
    let most = part(r"limit\(n: (\d+)\)").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let groups: BTreeSet<&str> = match flux.contains("|> group()") {
        true => BTreeSet::new(),
        false => ["_start", "_stop", "_measurement", "task_state", "level", "service", "_field"].into(),
    };
    let mut csv = String::new();
    let mut header: Vec<String> = Vec::new();
    for (number, mut rows) in tables.into_values().enumerate() {
        if flux.contains("desc: true") {
            rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        }
        rows.truncate(most);
        let own: BTreeSet<&String> = rows.iter().flat_map(|(_, row)| row.keys()).collect();
        let columns: Vec<String> = ["_start", "_stop", "_time"]
            .into_iter()
            .map(str::to_owned)
            .chain(own.into_iter().cloned())
            .collect();
        if columns != header {
            if !header.is_empty() {
                csv.push_str("\r\n");
            }
            let kind = |column: &String| match rows.iter().find_map(|(_, row)| row.get(column)) {
                Some(Value::Boolean(_)) => "boolean",
                Some(Value::Number(_)) => "double",
                Some(Value::Text(_)) => "string",
                None => "dateTime:RFC3339",
            };
            let kinds: Vec<&str> = columns.iter().map(kind).collect();
            let grouped: Vec<String> =
                columns.iter().map(|c| groups.contains(c.as_str()).to_string()).collect();
            csv.push_str(&format!("#datatype,string,long,{}\r\n", kinds.join(",")));
            csv.push_str(&format!("#group,false,false,{}\r\n", grouped.join(",")));
            csv.push_str(&format!("#default,_result,{}\r\n", ",".repeat(columns.len())));
            csv.push_str(&format!(",result,table,{}\r\n", columns.join(",")));
            header = columns;
        }
        for (at, row) in rows {
            let stamp = |at: DateTime<Utc>| trimmed(&at.to_rfc3339_opts(SecondsFormat::Nanos, true));
            csv.push_str(&format!(",,{number}"));
            for column in &header {
                let cell = match (column.as_str(), row.get(column)) {
                    ("_start", _) => stamp(from),
                    ("_stop", _) => stamp(until),
                    ("_time", _) => stamp(DateTime::from_timestamp_nanos(at)),
                    (_, Some(Value::Text(text) | Value::Number(text))) => quoted(text),
                    (_, Some(Value::Boolean(value))) => value.to_string(),
                    (_, None) => String::new(),
                };
                csv.push_str(&format!(",{cell}"));
            }
            csv.push_str("\r\n");
        }
    }
    Ok(Some(csv + "\r\n"))
}

/// A text of Flux.
fn unescaped(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\${", "${").replace("\\\\", "\\")
}

/// A moment without zeros at its end.
fn trimmed(moment: &str) -> String {
    match moment.trim_end_matches('Z').split_once('.') {
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => format!("{whole}Z"),
            fraction => format!("{whole}.{fraction}Z"),
        },
        None => moment.to_owned(),
    }
}

/// A cell as Go's writer quotes it, with its line ends.
fn quoted(text: &str) -> String {
    let needs = text.contains([',', '"', '\r', '\n']) || text.starts_with([' ', '\t']);
    if !needs {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\"").replace('\r', "").replace('\n', "\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_juice_writes_come_back_as_the_csv_that_influxdb_writes() {
        let points = Points::default();
        let now = Utc::now().timestamp_micros() * 1000;
        let lines = format!(
            "task_event,task_state=created show_in_dashboard=true,task_display_name=\"a\n\\\"b\\\"\",task_id=\"1\",task_payload=\"{{\\\"s\\\": \\\"\\\\n\\\"}}\" {now}\n\
            task_event,task_state=completed task_id=\"1\" {now}\npressure,service_name=cr\\ yo pressure=0,unit=\"bar\" {now}\n"
        );
        assert_eq!(
            write("POST /api/v2/write?org=o&bucket=b&precision=ns HTTP/1.1", &lines, &points),
            Ok(None)
        );
        assert_eq!(points.lock().unwrap().len(), 3);
        let ask = |more: &str| {
            let flux = format!(
                "from(bucket: \"b\")\n|> range(start: -1m, stop: 1m)\n|> filter(fn: (r) => r._measurement == \"task_event\")\n|> pivot(rowKey: [\"_time\"])\n{more}"
            );
            found(&flux, &points).unwrap().unwrap()
        };
        let grouped = ask("|> group()\n|> sort(columns: [\"_time\"], desc: true)\n|> limit(n: 9)\n");
        assert_eq!(grouped.matches("#datatype").count(), 1, "{grouped}");
        assert!(
            grouped.contains("\"a\r\n\"\"b\"\"\",1,\"{\"\"s\"\": \"\"\\n\"\"}\",created\r\n"),
            "{grouped}"
        );
        // Tables with other columns have a header of their own, and their numbers count on.
        let apart = ask("");
        assert_eq!(
            (apart.matches("#datatype").count(), apart.matches("\r\n,,1,").count()),
            (2, 1),
            "{apart}"
        );
        assert!(
            found("from(bucket: \"no\")|> range(start: -1m, stop: 1m)", &points)
                .unwrap_err()
                .0
                .starts_with("404")
        );
        let records = format!(
            "logs,level=30,service=a serialized_record=\"{{\\\"message\\\": \\\"No Peak\\\"}}\" {now}\nlogs,level=50,service=c serialized_record=\"{{}}\" {now}\n"
        );
        assert_eq!(write("?bucket=b ", &records, &points), Ok(None));
        let says = |not: &str, text: &str| {
            format!(
                "|> filter(fn: (r) => {not}strings.containsStr(v: strings.toLower(v: string(v: json.parse(data: bytes(v: r._value)).message)), substr: \"{text}\"))"
            )
        };
        let ask = |tests: &str, more: &str| {
            let flux = format!(
                "from(bucket: \"b\")\n|> range(start: -1m, stop: 1m)\n|> filter(fn: (r) => r._measurement == \"logs\" and {tests})\n{more}\n|> group()"
            );
            found(&flux, &points).unwrap().unwrap().matches(",serialized_record,").count()
        };
        assert_eq!(ask("int(v: r.level) >= 30 and int(v: r.level) < 50", ""), 1);
        assert_eq!(
            (ask("(r.service == \"a\" or r.service == \"c\")", ""), ask("r.service != \"a\"", "")),
            (2, 1)
        );
        assert_eq!(
            (ask("r.level == \"30\"", &says("", "no peak")), ask("r.level == \"30\"", &says("not ", "peak"))),
            (1, 0)
        );
        let long = format!("m f=\"{}\" 1\n", "x".repeat(LONGEST + 1));
        assert!(write("?bucket=b ", &long, &points).unwrap_err().0.starts_with("422"));
    }
}
