//! Something that answers as InfluxDB: of what Juice writes it keeps the services' logs, and gives them back as annotated
//! CSV where juicetop asks for them. It understands no other Flux; to all other questions it answers with no rows.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use regex::Regex;

/// A point of the measurement `logs`.
struct Log {
    service: String,
    level: u32,
    record: String,
    /// Nanoseconds since the epoch.
    at: i64,
}

type Logs = Arc<Mutex<Vec<Log>>>;

/// Starts it on a free loopback port, for as long as this process lives; its port.
pub fn start() -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let logs = Logs::default();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let logs = logs.clone();
            // A client that goes away in the middle is no concern of ours.
            thread::spawn(move || answer(connection, &logs).ok());
        }
    });
    Ok(port)
}

/// Answers the requests of one connection until it closes.
fn answer(connection: TcpStream, logs: &Logs) -> std::io::Result<()> {
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
        let (status, answer) = if token != "Token t" {
            ("401 Unauthorized", r#"{"code":"unauthorized","message":"unauthorized access"}"#.to_owned())
        } else if request.contains("query") {
            ("200 OK", found(&body, logs))
        } else {
            let read = body.lines().filter_map(log);
            logs.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
            ("204 No Content", String::new())
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/csv\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        writer.write_all(head.as_bytes())?;
        writer.write_all(answer.as_bytes())?;
    }
}

/// A line of InfluxDB's line protocol, if it is a log. Line breaks of the record are JSON's own escapes.
fn log(line: &str) -> Option<Log> {
    let parts = Regex::new(r#"^logs,level=(\d+),service=(\S+) serialized_record="(.*)" (\d+)$"#).ok()?;
    let parts = parts.captures(line)?;
    Some(Log {
        level: parts[1].parse().ok()?,
        service: parts[2].to_owned(),
        record: parts[3].replace("\\\"", "\"").replace("\\\\", "\\"),
        at: parts[4].parse().ok()?,
    })
}

/// What the question asks for, the newest first.
fn found(question: &str, logs: &Logs) -> String {
    let question: serde_json::Value = serde_json::from_str(question).unwrap_or_default();
    let flux = question["query"].as_str().unwrap_or_default();
    let part = |pattern: &str| {
        let found = Regex::new(pattern).ok()?.captures(flux)?;
        Some(found[1].to_owned())
    };
    let moment = |pattern: &str| {
        let at = chrono::DateTime::parse_from_rfc3339(&part(pattern)?).ok()?;
        at.timestamp_nanos_opt()
    };
    let wanted = (
        part(r#"r\.service == "([^"]*)""#),
        part(r"int\(v: r\.level\) >= (\d+)").and_then(|level| level.parse::<u32>().ok()),
        moment(r"start: ([^,]+),"),
        moment(r"stop: ([^)]+)\)"),
    );
    let (Some(service), Some(level), Some(from), Some(until)) = wanted else { return "\r\n".to_owned() };
    let logs = logs.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rows: Vec<&Log> = logs
        .iter()
        .filter(|log| log.service == service && log.level >= level && (from..until).contains(&log.at))
        .collect();
    rows.sort_by_key(|log| std::cmp::Reverse(log.at));
    let mut text = "#datatype,string,long,dateTime:RFC3339,string,string,string\r\n\
        #group,false,false,false,false,false,false\r\n#default,_result,,,,,\r\n\
        ,result,table,_time,_value,level,service\r\n"
        .to_owned();
    for Log { service, level, record, at } in rows {
        let at = chrono::DateTime::from_timestamp_nanos(*at).to_rfc3339();
        // Quoted as Go's writer does it.
        let record = record.replace('"', "\"\"");
        text.push_str(&format!(",,0,{at},\"{record}\",{level},{service}\r\n"));
    }
    text + "\r\n"
}
