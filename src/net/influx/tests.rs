//! Answers as InfluxDB writes them, and connections that fail.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use super::*;

pub(super) fn access(url: &str) -> Access {
    Access {
        url: url.to_owned(),
        org: "juice org".into(),
        logs: "service_logs".into(),
        tasks: "task-manager".into(),
        token: "t".into(),
        ca_file: None,
    }
}

const RECORD: &str = r#"{""name"": ""root"", ""levelname"": ""ERROR"", ""message"": ""Uncaught exception: KeyError: 'q\ud800'"", ""created"": 1795561286.6794894, ""exc_text"": ""Traceback (most recent call last):\n  File \""x\"", line 1\nKeyError: 'q'"", ""stack_info"": null}"#;

fn body(rows: &str) -> String {
    format!(
        "#datatype,string,long,dateTime:RFC3339,string,string,string\r\n#group,false,false,false,false,true,true\r\n\
        #default,_result,,,,,\r\n,result,table,_time,_value,level,service\r\n{rows}\r\n"
    )
}

#[test]
fn rows_go_by_their_columns_and_keep_what_stands_in_their_cells() {
    let text = body(&format!(
        ",,0,2026-11-24T23:01:26.68145Z,\"{RECORD}\",40,lab\r\n,,0,2026-11-24T23:01:27Z,\"a\r\nb,\"\"c\"\"\",50,\r\n"
    ));
    let rows = rows::read(text.as_bytes(), MOST_ROW).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[1].get("_value"), rows[1].get("service")), (Some("a\r\nb,\"c\""), None));
    assert_eq!(rows[1].get("result"), Some("_result"), "the default");
    let logged = logged(&rows[0]).unwrap();
    assert_eq!(logged.at, DateTime::from_timestamp_micros(1_795_561_286_679_489).unwrap());
    assert_eq!(logged.message, "Uncaught exception: KeyError: 'q\u{fffd}'");
    assert!(logged.traceback.ends_with("line 1\nKeyError: 'q'"));
    assert_eq!(super::logged(&rows[1]), None, "no record at all");
    // Another table has other columns, in another order.
    let two = format!(
        "{}{}",
        body(",,0,t,v,40,lab\r\n"),
        "#datatype,string\r\n#default,\r\n,_value,table\r\n,w,1\r\n"
    );
    let rows = rows::read(two.as_bytes(), MOST_ROW).unwrap();
    assert_eq!((rows[0].get("_value"), rows[1].get("_value"), rows.len()), (Some("v"), Some("w"), 2));
}

#[test]
fn a_cell_that_finds_no_room_is_left_out_and_its_size_is_told_and_the_rest_of_the_row_stands() {
    let large = "x\r\n\"\"".repeat(1_000);
    let text = body(&format!(",,0,t,\"{large}\",40,lab\r\n,,0,t,small,50,lab\r\n"));
    let rows = rows::read(text.as_bytes(), 3_999).unwrap();
    assert_eq!((rows[0].get("_value"), rows[0].left_out("_value")), (None, Some(4_000)));
    assert_eq!((rows[0].get("level"), rows[0].get("service")), (Some("40"), Some("lab")));
    assert_eq!((rows[1].get("_value"), rows[1].left_out("_value")), (Some("small"), None));
    let rows = rows::read(text.as_bytes(), 5_000).unwrap();
    assert_eq!(rows[0].get("_value"), Some(&*"x\r\n\"".repeat(1_000)));
}

#[test]
fn no_rows_errors_and_what_is_no_answer_are_told() {
    for empty in ["", "\r\n", &body("")] {
        assert_eq!(rows::read(empty.as_bytes(), MOST_ROW), Ok(Vec::new()), "{empty:?}");
    }
    let annotated = "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,out of memory,897\r\n";
    for error in [annotated, ",error,reference\r\n,out of memory,\r\n"] {
        let text = format!("{}\r\n{error}", body(",,0,t,v,40,lab\r\n"));
        let told = rows::read(text.as_bytes(), MOST_ROW).unwrap_err();
        assert_eq!(told, Broken::Told("out of memory".to_owned()));
    }
    let cut = |text: &str| rows::read(text.as_bytes(), MOST_ROW).unwrap_err();
    assert_eq!(cut(&body(",,0,t\r\n")), Broken::Cut("a row has 4 cells, not 7".to_owned()));
    let whole = body(",,0,t,v,40,lab\r\n");
    assert_eq!(cut(whole.trim_end()), Broken::Cut("it ends in the middle of a line".to_owned()));
}

#[test]
fn names_cannot_leave_their_quotes() {
    let access = Access { logs: "b\"".into(), token: "t0ken".into(), ..access("") };
    let flux = query(&access, "a\"b\\c${d}", DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
    assert!(
        flux.contains(r#"r.service == "a\"b\\c\${d}" and"#) && flux.contains(r#"bucket: "b\"""#),
        "{flux}"
    );
    assert!(!format!("{access:?}").contains("t0ken"));
}

/// Answers requests one after another, each on a connection of its own, until there are no more answers; `answer` gets the
/// whole request and gives the whole answer, in which `LENGTH` stands for the length of its body.
pub(super) fn serve(
    mut answer: impl FnMut(&str) -> Option<String> + Send + 'static,
) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut asked, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap();
                }
                asked.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            reader.take(length).read_to_string(&mut asked).unwrap();
            let Some(answer) = answer(&asked) else { return };
            let length = answer.split_once("\r\n\r\n").map_or(answer.len(), |(_, body)| body.len());
            let answer = answer.replacen("LENGTH", &length.to_string(), 1);
            // Who has heard enough goes away.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, thread)
}

/// Answers one request; what was asked comes back.
fn once(answer: &'static str) -> (String, mpsc::Receiver<String>) {
    let (tell, asked) = mpsc::channel();
    let (url, _) = serve(move |request| {
        tell.send(request.to_owned()).ok()?;
        Some(answer.to_owned())
    });
    (url, asked)
}

fn look(url: &str) -> Result<Vec<Logged>, String> {
    exceptions(&access(url), "lab", DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH)
}

#[test]
fn what_the_database_refuses_and_what_cannot_be_reached_is_a_sentence() {
    for (answer, told) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: LENGTH\r\n\r\n{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}",
            " refuses the token (unauthorized access)",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: LENGTH\r\n\r\n{\"code\":\"not found\",\"message\":\"no such\"}",
            " has no bucket service_logs for the organisation juice org (no such)",
        ),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: LENGTH\r\n\r\n<html>", " answers with status 502"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "the answer of http://127.0.0.1:"),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: LENGTH\r\n\r\n",
            " leads elsewhere (status 302)",
        ),
    ] {
        let (url, asked) = once(answer);
        let error = look(&url).unwrap_err();
        assert!(error.contains(told), "{error}");
        let asked = asked.recv().unwrap();
        assert!(asked.starts_with("POST /api/v2/query?org=juice%20org HTTP/1.1\r\n"), "{asked}");
        assert!(asked.to_lowercase().contains("authorization: token t\r\n"), "{asked}");
    }
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let error = look(&format!("http://{free}")).unwrap_err();
    assert!(error.contains("cannot be reached") && error.contains(&free.to_string()), "{error}");
    assert!(look("no address").unwrap_err().contains("cannot be reached"));
}

#[test]
fn of_a_log_of_large_errors_only_the_newest_are_taken() {
    let record = |n: usize| {
        let traceback = format!("{n}:{}", "x".repeat(MOST_ROW / 2));
        let text = json!({ "message": "m", "created": 1.0, "exc_text": traceback }).to_string();
        format!(",,0,2026-11-24T23:01:26Z,\"{}\",40,lab\r\n", text.replace('"', "\"\""))
    };
    let rows: String = (0..20).map(record).collect();
    let (url, _thread) =
        serve(move |_| Some(format!("HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\n{}", body(&rows))));
    let found = look(&url).unwrap();
    let bytes: usize = found.iter().map(|logged| logged.traceback.len()).sum();
    assert!(bytes <= MOST_LOGGED + MOST_ROW, "{bytes}");
    assert!(
        found.len() >= 8
            && found.iter().enumerate().all(|(n, logged)| logged.traceback.starts_with(&format!("{n}:")))
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_rows_or_a_sentence(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = rows::read(&bytes, 100);
    }
}
