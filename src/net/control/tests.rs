//! Answers as supervisord 4.3.0 and Python's servers write them, and servers that are neither.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::net::UnixListener,
    thread,
    time::Duration,
};

use super::{
    orchestrator::Orchestrator,
    supervisor::Supervisor,
    xml::{self, Fault, Value},
    *,
};

/// As supervisord wrote it, with fewer members.
const RUNNING: &str = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n\
    <member>\n<name>name</name>\n<value><string>juice-service</string></value>\n</member>\n\
    <member>\n<name>start</name>\n<value><int>1764540000</int></value>\n</member>\n\
    <member>\n<name>now</name>\n<value><int>1764540075</int></value>\n</member>\n\
    <member>\n<name>statename</name>\n<value><string>RUNNING</string></value>\n</member>\n\
    <member>\n<name>spawnerr</name>\n<value><string></string></value>\n</member>\n\
    <member>\n<name>pid</name>\n<value><int>18482</int></value>\n</member>\n\
    </struct></value>\n</param>\n</params>\n</methodResponse>\n";

fn fault(code: i64, said: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n\
         <member>\n<name>faultCode</name>\n<value><int>{code}</int></value>\n</member>\n\
         <member>\n<name>faultString</name>\n<value><string>{said}</string></value>\n</member>\n\
         </struct></value>\n</fault>\n</methodResponse>\n"
    )
}

/// `<nil/>`, as `xmlrpc.server` writes `None`.
const NIL: &str = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><nil/></value></param>\n</params>\n</methodResponse>\n";

/// Reads a question with its body.
fn question(stream: &mut impl Read) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&text).contains("</methodCall>") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "the question has an end");
        text.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(text).unwrap()
}

/// A server that gives these answers, one a connection, and what it was asked.
fn supervisor(answers: Vec<(u16, String)>) -> (Supervisor, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = thread::spawn(move || {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            asked.push(question(&mut stream));
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
        asked
    });
    (Supervisor::new(&address), asked)
}

#[test]
fn a_call_holds_its_words_whatever_they_are() {
    let text = xml::call("a.b", &["x<y & \"z\"", "\u{1b}[2J\u{0}é"]);
    let document = roxmltree::Document::parse(&text).unwrap();
    let strings: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("string"))
        .filter_map(|node| node.text())
        .collect();
    assert_eq!(strings, ["x<y & \"z\"", "\u{fffd}[2J\u{fffd}é"]);
}

#[test]
fn answers_and_faults_are_read_and_what_is_neither_is_told() {
    let value = xml::answer(RUNNING).unwrap();
    assert_eq!(value.get("pid").and_then(Value::number), Some(18482));
    assert_eq!(value.get("statename").and_then(Value::text), Some("RUNNING"));
    assert_eq!(xml::answer(NIL), Ok(Value::Nil));
    assert_eq!(xml::answer(&fault(10, "BAD_NAME: x")), Err(Fault::Raised(10, "BAD_NAME: x".to_owned())));
    // Python writes control characters of a journal as they are, which is no XML.
    assert_eq!(xml::answer(&fault(1, "a\u{1b}[31mb")), Err(Fault::Raised(1, "a\u{fffd}[31mb".to_owned())));
    let list = "<methodResponse><params><param><value><array><data><value>a</value><value><boolean>1</boolean></value>\
                </data></array></value></param></params></methodResponse>";
    let wanted = Value::List(vec![Value::Text("a".to_owned()), Value::Bool(true)]);
    assert_eq!(xml::answer(list), Ok(wanted));

    let nested = |depth: usize| {
        let (open, close) = ("<value><array><data>".repeat(depth), "</data></array></value>".repeat(depth));
        format!("<methodResponse><params><param>{open}{close}</param></params></methodResponse>")
    };
    assert!(xml::answer(&nested(5)).is_ok());
    let many = format!("<methodResponse>{}</methodResponse>", "<a/>".repeat(20_000));
    let bomb =
        "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><methodResponse>&c;</methodResponse>";
    for odd in [
        "",
        "<html><body>404</body></html>",
        "<methodResponse/>",
        "<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>",
        "<methodResponse><params>",
        &nested(60),
        &nested(100_000),
        &many,
        bomb,
    ] {
        let odd_answer = xml::answer(odd);
        assert!(matches!(odd_answer, Err(Fault::Odd(_))), "{odd_answer:?}");
    }
}

#[test]
fn a_process_is_told_as_its_supervisord_sees_it() {
    let stopped = RUNNING.replace("RUNNING", "FATAL").replace("18482", "0").replace(
        "<name>spawnerr</name>\n<value><string>",
        "<name>spawnerr</name>\n<value><string>Exited too quickly",
    );
    let (supervisor, asked) = supervisor(vec![(200, RUNNING.to_owned()), (200, stopped)]);
    let process = supervisor.process().unwrap();
    assert!(process.runs());
    assert_eq!((process.uptime, process.pid), (Some(Duration::from_secs(75)), Some(18482)));
    let process = supervisor.process().unwrap();
    assert!(!process.runs());
    assert_eq!((process.uptime, process.pid, process.trouble.as_str()), (None, None, "Exited too quickly"));
    let asked = asked.join().unwrap();
    assert!(asked[0].starts_with("POST /RPC2 "), "{}", asked[0]);
    assert!(
        asked[0].contains("supervisor.getProcessInfo") && asked[0].contains("juice-service"),
        "{}",
        asked[0]
    );
}

#[test]
fn what_is_ended_or_runs_already_is_no_failure_and_the_rest_is_one() {
    let (supervisor, asked) = supervisor(vec![
        (200, fault(70, "NOT_RUNNING: juice-service")),
        (200, fault(60, "ALREADY_STARTED: juice-service")),
        (200, fault(50, "SPAWN_ERROR: juice-service")),
        (200, fault(10, "BAD_NAME: juice-service")),
        (404, String::new()),
        (200, "<html/>".to_owned()),
    ]);
    assert_eq!(supervisor.stop(), Ok(()));
    assert_eq!(supervisor.start(), Ok(()));
    let failed = supervisor.start().unwrap_err();
    assert!(failed.what.contains("SPAWN_ERROR") && !failed.doubtful, "{failed:?}");
    assert!(supervisor.signal("INT").unwrap_err().what.contains("no program juice-service"));
    assert!(supervisor.process().unwrap_err().what.contains("status 404"));
    assert!(supervisor.process().unwrap_err().what.contains("it is a html"));
    asked.join().unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = Supervisor::new(&listener.local_addr().unwrap().to_string());
    // Whoever hangs up may have done it.
    let hangs_up = thread::spawn(move || drop((question(&mut listener.accept().unwrap().0), listener)));
    assert!(nobody.stop().unwrap_err().doubtful);
    hangs_up.join().unwrap();
    let failed = nobody.stop().unwrap_err();
    assert!(!failed.doubtful && failed.what.contains("connection refused"), "{failed:?}");
    assert!(failed.remedy.contains("supervisor_port"), "{failed:?}");
}

#[test]
fn where_no_word_of_supervisord_comes_back_it_may_have_been_done() {
    // It fails over its own answer; somebody in between waited in vain; what came is no answer; what is there asked nobody.
    for (status, body, doubtful) in [
        (500, "", true),
        (504, "<html/>", true),
        (200, "<html/>", true),
        (200, "", true),
        (404, "", false),
        (405, "", false),
    ] {
        let (supervisor, asked) = supervisor(vec![(status, body.to_owned()); 4]);
        for deed in [supervisor.stop(), supervisor.start(), supervisor.signal("INT")] {
            assert_eq!(deed.unwrap_err().doubtful, doubtful, "{status} {body}");
        }
        assert!(!supervisor.process().unwrap_err().doubtful, "asking does nothing");
        asked.join().unwrap();
    }
}

/// A restart of `lab` by a supervisord that gives these answers: what comes of it, what it told, and what was asked.
fn restart(answers: Vec<(u16, String)>) -> (Result<Option<Process>, Failure>, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let (supervisor, asked) = supervisor(answers);
    let control = Control { service: "lab".into(), supervisor, has_unit: false, version: None };
    let orchestrator = Orchestrator::in_folder(folder.path());
    let controls = Controls { services: vec![control], orchestrator, run_dir: folder.path().to_owned() };
    let mut told = Vec::new();
    let done =
        controls.restart_within(Duration::from_millis(300), "lab", &mut |text| told.push(text.to_owned()));
    let method = |text: String| {
        let name = text.split_once("<methodName>supervisor.").and_then(|(_, rest)| rest.split_once('<'));
        name.map_or(text.clone(), |(name, _)| name.to_owned())
    };
    (done, told, asked.join().unwrap().into_iter().map(method).collect())
}

#[test]
fn a_process_that_may_have_ended_is_started_in_any_case() {
    let (yes, no) = (NIL.replace("<nil/>", "<boolean>1</boolean>"), fault(50, "SPAWN_ERROR: juice-service"));
    let (done, told, asked) =
        restart(vec![(200, yes.clone()), (200, yes.clone()), (200, RUNNING.to_owned())]);
    assert!(done.unwrap().is_some_and(|process| process.runs()));
    assert_eq!(
        (asked, told.len()),
        (vec!["stopProcess".into(), "startProcess".into(), "getProcessInfo".into()], 2)
    );
    for (status, body) in [(500, ""), (504, ""), (200, "<html/>")] {
        let begun = Clock::start();
        let (done, told, asked) = restart(vec![(status, body.to_owned()), (200, yes.clone())]);
        let failed = done.unwrap_err();
        assert!(failed.doubtful && failed.what.ends_with("; it runs now"), "{failed:?}");
        assert_eq!(asked, ["stopProcess", "startProcess"]);
        assert!(begun.now().mono >= Duration::from_millis(300), "by then it has been killed");
        assert!(told[1].contains("it is started in any case"), "{told:?}");
    }
    // What was not done needs no beginning.
    let (done, _, asked) = restart(vec![(404, String::new())]);
    assert!(done.is_err_and(|failed| !failed.doubtful && !failed.begun));
    assert_eq!(asked, ["stopProcess"]);
    // It has ended, and does not start, or nobody knows.
    for (answer, doubtful, words) in
        [((200, no), false, "and did not start again"), ((500, String::new()), true, "is not known")]
    {
        let (done, _, _) = restart(vec![(200, yes.clone()), answer]);
        let failed = done.unwrap_err();
        assert!(failed.begun && failed.doubtful == doubtful, "{failed:?}");
        assert!(
            failed.what.starts_with("the process was ended, and") && failed.what.contains(words),
            "{failed:?}"
        );
    }
}

#[test]
fn the_orchestrator_is_asked_on_its_socket_and_its_journal_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let orchestrator = Orchestrator::in_folder(folder.path());
    assert!(orchestrator.barred().unwrap().contains("is not on this machine"));
    assert!(orchestrator.restart("lab").unwrap_err().what.contains("is not on this machine"));
    let listener = UnixListener::bind(&orchestrator.socket).unwrap();
    let journal =
        "&lt;class 'RuntimeError'&gt;:Failed to rebuild service lab: exit 1\nLogs:\nline 1\nline 2\n";
    let answers = [
        format!("HTTP/1.0 200 OK\r\nContent-type: text/xml\r\n\r\n{NIL}"),
        format!("HTTP/1.0 200 OK\r\n\r\n{}", fault(1, journal)),
        "HTTP/1.0 501 Unsupported\r\n\r\n".to_owned(),
        String::new(),
        "HTTP/1.0 200 OK\r\n\r\nhello".to_owned(),
    ];
    let server = thread::spawn(move || {
        answers.map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = question(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        })
    });
    assert_eq!(orchestrator.barred(), None);
    assert_eq!(orchestrator.restart("lab"), Ok(()));
    let failed = orchestrator.rebuild("lab").unwrap_err();
    assert_eq!(failed.what, "the lab's orchestrator says: Failed to rebuild service lab: exit 1");
    assert_eq!((failed.log.as_str(), failed.doubtful), ("line 1\nline 2", false));
    for words in ["status 501", "it hung up", "cannot be read"] {
        let failed = orchestrator.restart("lab").unwrap_err();
        assert!(failed.what.contains(words) && failed.doubtful, "{failed:?}");
    }
    let asked = server.join().unwrap();
    assert!(asked[0].contains("<methodName>restart_service</methodName>"), "{}", asked[0]);
    assert!(
        asked[1].contains("rebuild_service") && asked[1].contains("<string>quiet</string>"),
        "{}",
        asked[1]
    );
    assert!(orchestrator.restart("lab").unwrap_err().what.contains("nobody listens"));
}

#[test]
fn a_signal_goes_only_where_a_kernel_listens_in_a_process_that_has_run_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = kernel.local_addr().unwrap().port();
    let young = RUNNING.replace("1764540075", "1764540005");
    let stopped = RUNNING.replace("RUNNING", "STOPPED");
    let (supervisor, asked) = supervisor(vec![
        (200, young),
        (200, stopped),
        (200, RUNNING.to_owned()),
        (200, RUNNING.to_owned()),
        (200, NIL.replace("<nil/>", "<boolean>1</boolean>")),
    ]);
    let controls = Controls {
        services: vec![Control { service: "lab".into(), supervisor, has_unit: false, version: None }],
        orchestrator: Orchestrator::in_folder(folder.path()),
        run_dir: folder.path().to_owned(),
    };
    let refused = |words: &str| {
        let failed = controls.interrupt("lab", || true).unwrap_err();
        assert!(failed.what.contains(words) && !failed.doubtful, "{failed:?}");
    };
    // Without a kernel nobody is even asked.
    assert!(controls.barred("lab", Deed::Interrupt).is_some());
    refused("has no kernel");
    std::fs::create_dir(folder.path().join("ipykernel-connection.d")).unwrap();
    let file = |port: u16| format!("[services.lab]\nip = \"127.0.0.1\"\niopub_port = {port}\nkey = \"\"\n");
    let path = folder.path().join("ipykernel-connection.d/lab.toml");
    // One that crashed leaves its file.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(&path, file(gone)).unwrap();
    assert_eq!(controls.barred("lab", Deed::Interrupt), None);
    refused("does not answer");
    std::fs::write(&path, file(port)).unwrap();
    refused("only just started");
    refused("does not run");
    // Whoever wishes to end meanwhile is asked at the last moment.
    let unwanted = controls.interrupt("lab", || false).unwrap_err();
    assert!(unwanted.what.contains("not wanted") && !unwanted.doubtful, "{unwanted:?}");
    assert_eq!(controls.interrupt("lab", || true), Ok(()));
    let asked = asked.join().unwrap();
    assert!(
        asked[4].contains("supervisor.signalProcess") && asked[4].contains("<string>INT</string>"),
        "{}",
        asked[4]
    );
    assert!(controls.interrupt("nobody", || true).unwrap_err().what.contains("does not name it"));
    for deed in [Deed::RestartContainer, Deed::Rebuild] {
        assert!(controls.barred("lab", deed).unwrap().contains("orchestration file"));
    }
}
