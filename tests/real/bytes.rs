//! The captured and hostile bytes of `tests/cases` on a link of the whole program: what a person sees, and that nothing
//! of it reaches the terminal or costs memory.

use std::os::unix::fs::PermissionsExt as _;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_tungstenite::tungstenite::Message;

use crate::common::{
    client::accept,
    juice::{EDGE_TOKEN, Juice},
    program,
    pty::{Screen, most_memory},
};

/// A file of `tests/cases`.
fn case(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What is sent on a line once it is up.
#[derive(Clone, Default)]
struct Sends {
    /// Bytes as they are, after the handshake.
    raw: Vec<u8>,
    /// Binary messages.
    messages: Vec<Vec<u8>>,
    /// Text messages, after those.
    text: Vec<String>,
}

/// A lab on this address that sends the one thing on its bus, the other among its replies; its own address.
async fn lab_at(address: &str, bus: Sends, tasks: Sends) -> Option<String> {
    let listener = TcpListener::bind(address).await.ok()?;
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (bus, tasks) = (bus.clone(), tasks.clone());
            tokio::spawn(async move {
                let Some((path, mut socket)) = accept(stream).await else { return };
                let sends = if path == "/tasks" {
                    // The question who is there.
                    let Some(Ok(Message::Text(text))) = socket.next().await else { return };
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let error = json!({"id": frame["id"], "status": "error", "ename": "ValueError",
                        "evalue": "Task data must include a 'target' field.", "traceback": null});
                    socket.send(Message::text(error.to_string())).await.ok();
                    tasks
                } else {
                    bus
                };
                for message in sends.messages {
                    socket.send(Message::binary(message)).await.ok();
                }
                for message in sends.text {
                    socket.send(Message::text(message)).await.ok();
                }
                if sends.raw.is_empty() {
                    while let Some(Ok(_)) = socket.next().await {}
                    return;
                }
                let mut stream = socket.into_inner();
                stream.write_all(&sends.raw).await.ok();
                stream.read_to_end(&mut Vec::new()).await.ok();
            });
        }
    });
    Some(url)
}

async fn lab(bus: Sends, tasks: Sends) -> String {
    lab_at("127.0.0.1:0", bus, tasks).await.expect("a port")
}

/// Does what blocks (a screen is waited for) beside the servers of the test.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn raw_bytes_on_either_line_are_told_in_clean_words() {
    for (file, says) in [
        ("ws_close_empty.bin", "closed the connection without giving a reason"),
        ("ws_close_bad_code.bin", "with a code that is not valid"),
        ("ws_close_bad_reason.bin", "not UTF-8"),
        ("ws_close_1011.bin", "(1011, internal error): task manager unreachable \\x1b[31m é"),
        ("ws_masked_from_server.bin", "masked"),
        ("ws_huge_length_header.bin", "a message of 4611686018427387904 bytes"),
        ("ws_text_invalid_utf8.bin", "not UTF-8"),
        ("ws_text_cesu_surrogate.bin", "not UTF-8"),
    ] {
        for on_the_bus in [true, false] {
            let sends = Sends { raw: case(file), ..Sends::default() };
            let (bus, tasks) = if on_the_bus { (sends, Sends::default()) } else { (Sends::default(), sends) };
            let url = lab(bus, tasks).await;
            beside(move || {
                let mut screen = Screen::start(&["--url", &url], (150, 24), &[]);
                screen.wait_for(file, |text| flat(text).contains(says));
                screen.assert_harmless();
                assert!(most_memory(screen.pid()) < 60 * 1024, "{file}: {} KiB", most_memory(screen.pid()));
                screen.type_keys("q");
                assert_eq!(screen.exit_status().exit_code(), 0, "{file}");
            })
            .await;
        }
    }
}

#[tokio::test]
async fn messages_that_cannot_be_read_are_counted_and_the_good_ones_between_them_are_shown() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let bad: Vec<String> =
        names.filter(|n| n.starts_with("bus_") && n.ends_with(".bin") && n != "bus_good.bin").collect();
    let mut messages = Vec::new();
    // A hundred times each: what cannot be read must not pile up.
    for _ in 0..100 {
        for name in &bad {
            messages.push(case(name));
        }
    }
    // Several of those are read as far as they go, so the good one has an id and a name that none of them has.
    messages.push(event("\"good\"", "started", "{}"));
    let bus = Sends { messages, ..Sends::default() };
    let tasks = Sends {
        raw: [case("ws_binary_on_tasks.bin"), case("ws_fragmented_with_ping.bin")].concat(),
        ..Sends::default()
    };
    let url = lab(bus, tasks).await;
    beside(move || {
        let mut screen = Screen::start(&["--url", &url], (150, 40), &[]);
        screen.wait_for("the good one", |text| {
            text.contains("Odd: it") && text.contains("unreadable") && text.contains("● live")
        });
        screen.assert_harmless();
        assert!(most_memory(screen.pid()) < 60 * 1024, "{} KiB", most_memory(screen.pid()));
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0);
    })
    .await;
}

/// An event of a task as Juice's bus carries it, in a binary message.
fn event(id: &str, state: &str, task_payload: &str) -> Vec<u8> {
    let text = format!(
        r#"{{"time": "2026-11-20T08:00:00Z", "task_id": {id}, "task_target": "lab", "task_type": "Odd", "task_state": "{state}", "task_display_name": "Odd: it", "task_payload": {}, "task_metadata": "{{\"parallel\": true}}", "show_in_dashboard": true}}"#,
        serde_json::to_string(task_payload).unwrap()
    );
    let mut message = Vec::new();
    for part in ["TaskEvent.", &text] {
        message.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        message.extend(part.as_bytes());
    }
    message
}

/// Case C16: halves of surrogate pairs, which no text of UTF-8 can hold, in words and in ids.
#[tokio::test]
async fn halves_of_surrogate_pairs_break_nothing_and_make_no_two_tasks_one() {
    let error = String::from_utf8(case("frame_error_surrogates.json")).unwrap();
    let mut messages = Vec::new();
    for id in [r#""\ud800""#, r#""\ud801""#, r#""\udfff x""#] {
        messages.extend([event(id, "created", "{}"), event(id, "started", "{}")]);
    }
    // The first of them ends with that error; the others run on.
    messages.push(event(r#""\ud800""#, "completed", &error));
    let tasks = Sends { text: vec![error], ..Sends::default() };
    let url = lab(Sends { messages, ..Sends::default() }, tasks).await;
    beside(move || {
        let mut screen = Screen::start(&["--url", &url], (150, 40), &[]);
        screen.wait_for("one that failed, two that run", |text| {
            text.contains("2 running") && text.contains("1 failed") && text.contains("ValueError: bad name")
        });
        screen.type_keys("/");
        screen.type_text("outcome:failed");
        screen.type_keys("enter g j enter");
        screen.wait_for("its error", |text| text.contains("gen_tb.py") && text.contains("● live"));
        // The emulator of the tests leaves such marks out.
        let written = String::from_utf8(screen.bytes_so_far()).unwrap();
        assert!(written.contains("bad name \u{fffd}\u{fffd} end"), "{}", screen.text());
        screen.type_keys("G");
        screen.wait_for("its id", |text| text.contains(r#"task id    "\\ud800""#));
        screen.assert_harmless();
        screen.type_keys("ctrl-c");
        assert_eq!(screen.exit_status().exit_code(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_ipv6_address_is_reached_from_the_command_line_and_from_juices_own_file() {
    let Some(url) = lab_at("[::1]:0", Sends::default(), Sends::default()).await else {
        eprintln!("skipped: this machine has no [::1]");
        return;
    };
    beside(move || {
        let folder = tempfile::tempdir().unwrap();
        let (config, run) =
            (folder.path().display().to_string(), folder.path().join("run").display().to_string());
        let port = url.rsplit(':').next().unwrap();
        let network = format!("[network]\nip = \"::1\"\nrouter_port = {port}\n");
        std::fs::write(folder.path().join("task-manager.toml"), network).unwrap();
        for args in [vec!["--url", &url], vec!["--juice-config", &config, "--juice-run", &run]] {
            let mut screen = Screen::start(&args, (100, 24), &[]);
            screen.wait_for("the connection", |text| text.contains("● live"));
            screen.type_keys("q");
            assert_eq!(screen.exit_status().exit_code(), 0);
        }
    })
    .await;
    for bad in ["ws://[", "ws://[::1/x", "ws://[fe80::1%25lo]:5124"] {
        let ended = beside(move || program::run(&["watch", "--url", bad])).await;
        ended.expect(2).says("address");
    }
}

#[test]
fn the_edge_is_reached_over_https_by_its_authority_with_its_token_and_under_its_path_only() {
    let Some(juice) = Juice::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, format!("{EDGE_TOKEN}\n")).unwrap();
    let token_file = token.display().to_string();
    let (edge, ca) = (juice.edge_tls_url(), juice.edge_ca().display().to_string());
    let slash = format!("{edge}/");
    let start = |edge: &str, more: &[&str], env: &[(&str, &str)]| {
        let args = [&["--edge", edge, "--token-file", &token_file], more].concat();
        Screen::start(&args, (150, 24), env)
    };
    let leave = |mut screen: Screen| {
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0);
    };
    let live = |text: &str| text.contains("● live");

    // The machine's own certificates, of which SSL_CERT_FILE takes the place, and those that are named.
    let screen = start(&edge, &[], &[("SSL_CERT_FILE", &ca)]);
    screen.wait_for("the connection", live);
    leave(screen);
    let screen = start(&slash, &["--ca-file", &ca], &[]);
    screen.wait_for("the connection", live);
    leave(screen);
    let screen = start(&edge, &[], &[]);
    screen.wait_for("the unknown authority", |text| {
        flat(text).contains("authority that this machine does not know")
    });
    leave(screen);

    // A wrong path is not tried again by itself.
    let wrong = edge.replace("/lab", "/elsewhere");
    let screen = start(&wrong, &["--ca-file", &ca], &[]);
    screen.wait_for("the wrong path", |text| {
        let text = flat(text);
        text.contains("/elsewhere/hub/sub answered 404")
            && text.contains("base path right")
            && !text.contains("next try")
    });
    leave(screen);

    // A refused token is said to be one; a good one counts at once. Neither is ever shown, logged, kept or recorded.
    std::fs::write(&token, "not-the-token-of-the-tests").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o640)).unwrap();
    let recording = folder.path().join("recording.jsonl").display().to_string();
    let mut screen = start(&edge, &["--ca-file", &ca, "--record", &recording], &[("RUST_LOG", "trace")]);
    screen.wait_for("that others can read it", |text| {
        flat(text).contains("others on this machine can read the token in")
    });
    let text = screen.wait_for("the refusal", |text| flat(text).contains("was refused"));
    assert!(flat(&text).contains("answered 403") && flat(&text).contains(&token_file), "{text}");
    std::fs::write(&token, EDGE_TOKEN).unwrap();
    screen.wait_for("the connection", live);
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
    let written = String::from_utf8_lossy(&screen.bytes_so_far()).into_owned();
    let recorded = std::fs::read_to_string(&recording).unwrap();
    assert!(recorded.lines().count() > 1, "{recorded}");
    // What the subcommands say.
    let mut texts = vec![written, recorded];
    let edge_args = ["--edge", &edge, "--token-file", &token_file, "--ca-file", &ca];
    for command in ["doctor", "types", "list"] {
        let ended = program::run(&[&edge_args[..], &[command]].concat());
        texts.extend([ended.stdout, ended.stderr]);
    }
    let mut folders = vec![screen.home().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => folders.push(entry),
                false => texts
                    .push(String::from_utf8_lossy(&std::fs::read(entry).unwrap_or_default()).into_owned()),
            }
        }
    }
    assert!(
        texts.iter().any(|text| text.contains("Z Bus: ") && text.contains("was refused")),
        "the log is looked at too"
    );
    for text in texts {
        assert!(!text.contains(EDGE_TOKEN) && !text.contains("not-the-token-of-the-tests"), "{text:.500}");
    }
}
