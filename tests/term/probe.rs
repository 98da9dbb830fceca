//! The program under test: shows each input that it gets, and some keys make it misbehave.

use std::io::Write;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};
use juicetop::term::{self, Input, Screen, Signal, Terminal};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::unbounded_channel;

use crate::pty::PATIENCE;

#[test]
#[ignore = "started by the other tests, inside a pseudo-terminal"]
fn probe() {
    if std::env::var_os("TERM_PROBE").is_none() {
        return;
    }
    let code = match run_probe() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("probe: {error}");
            1
        }
    };
    std::process::exit(code);
}

fn run_probe() -> std::io::Result<i32> {
    if let Err(reason) = term::check() {
        eprintln!("probe: {reason}");
        return Ok(i32::from(term::NO_TERMINAL_EXIT));
    }
    let (sender, mut inputs) = unbounded_channel();
    let mut terminal = Terminal::open(sender, std::env::var_os("PROBE_MOUSE").is_some())?;
    let mut screen = terminal.screen();
    let (columns, rows) = terminal.size();
    show(&mut screen, &format!("ready {columns}x{rows} pid {}.", std::process::id()))?;
    let (done, edited) = std::sync::mpsc::channel();
    loop {
        if let Ok(result) = edited.try_recv() {
            terminal.take_back()?;
            show(&mut screen, &format!("edited {result}."))?;
        }
        let input = match inputs.try_recv() {
            Ok(input) => input,
            Err(TryRecvError::Empty) => {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            Err(TryRecvError::Disconnected) => return Ok(1),
        };
        match input {
            Input::Key(key)
                if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('z') =>
            {
                suspend(&mut terminal, &mut screen)?;
            }
            Input::Key(key) => {
                show(&mut screen, &format!("<{:?}>", key.code))?;
                match key.code {
                    KeyCode::Char('q') => return Ok(0),
                    KeyCode::Char('p') => panic!("the probe panics"),
                    KeyCode::Char('t') => {
                        let _ = std::thread::spawn(|| panic!("a thread of the probe panics")).join();
                    }
                    KeyCode::Char('P') => {
                        let barrier = std::sync::Arc::new(std::sync::Barrier::new(2));
                        let threads = [0, 1].map(|_| {
                            let barrier = barrier.clone();
                            std::thread::spawn(move || {
                                barrier.wait();
                                panic!("two threads of the probe panic");
                            })
                        });
                        let _ = threads.map(std::thread::JoinHandle::join);
                    }
                    KeyCode::Char('l') => {
                        std::thread::spawn(|| {
                            std::thread::sleep(Duration::from_millis(600));
                            panic!("a thread of the probe panics late");
                        });
                    }
                    KeyCode::Char('s') => loop {
                        std::thread::sleep(PATIENCE);
                    },
                    KeyCode::Char('d') => draw(&mut terminal)?,
                    KeyCode::Char('w') => loop {
                        screen.send(&[b'w'; 4096])?;
                    },
                    KeyCode::Char('n') => term::set_needed(true),
                    KeyCode::Char('f') => return Err(std::io::Error::other("the probe fails")),
                    KeyCode::Char('e') => {
                        let done = done.clone();
                        terminal.hand_over(move || {
                            let result = match term::edit("text", ".txt", Some(1)) {
                                Ok(edited) => format!("[{}] {}", edited.text, edited.changed),
                                Err(error) => format!("not: {error}"),
                            };
                            let _ = done.send(result);
                        })?;
                    }
                    _ => {}
                }
            }
            Input::Resize(columns, rows) => show(&mut screen, &format!("size {columns}x{rows}."))?,
            Input::Signal(Signal::Stop) => suspend(&mut terminal, &mut screen)?,
            Input::Signal(Signal::Continue) => {
                let (columns, rows) = terminal.refresh()?;
                show(&mut screen, &format!("continued {columns}x{rows}."))?;
            }
            Input::Signal(signal) => return Ok(i32::from(signal.exit_code())),
            Input::Closed => return Ok(i32::from(Signal::HangUp.exit_code())),
            other => show(&mut screen, &format!("{other:?}."))?,
        }
    }
}

fn suspend(terminal: &mut Terminal, screen: &mut Screen) -> std::io::Result<()> {
    match terminal.suspend() {
        Ok((columns, rows)) => show(screen, &format!("back {columns}x{rows}.")),
        Err(error) => show(screen, &format!("refused: {error}.")),
    }
}

/// Three frames with ratatui, the second of which changes nothing, and one with a cursor.
fn draw(terminal: &mut Terminal) -> std::io::Result<()> {
    let screen = terminal.screen();
    let mut canvas = ratatui::Terminal::new(terminal.backend())?;
    canvas.clear()?;
    for text in ["one", "one", "two"] {
        canvas.draw(|frame| frame.render_widget(text, frame.area()))?;
        screen.send(b"|")?;
    }
    canvas.draw(|frame| {
        frame.render_widget("three", frame.area());
        frame.set_cursor_position((2, 0));
    })?;
    screen.send(b"|drawn")
}

fn show(screen: &mut Screen, text: &str) -> std::io::Result<()> {
    screen.begin();
    write!(screen, "{text}\r\n")?;
    screen.flush()?;
    screen.present()
}

pub(crate) fn probe_arguments() -> Vec<String> {
    let exe = std::env::current_exe().unwrap().to_str().unwrap().to_string();
    let rest = ["probe::probe", "--exact", "--ignored", "--nocapture"].map(String::from);
    std::iter::once(exe).chain(rest).collect()
}

/// The probe as a line for a shell.
pub(crate) fn probe_line() -> String {
    probe_arguments().iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}
