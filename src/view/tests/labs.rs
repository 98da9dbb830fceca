//! The strip of labs: what a person sees of those that are not in front.

use insta::assert_snapshot;

use super::*;
use crate::{
    app::labs::{Labs, Reach, Standing},
    time::Now,
};

fn standing(name: &str) -> Standing {
    Standing { name: name.into(), reach: Reach::Live, running: 0, failed: 0, asks: false }
}

/// The lab of a day, in front of three others.
fn several(size: (u16, u16), charset: Charset) -> Bench {
    let mut b = lab(size, charset);
    let since = Now::at(60.0).utc;
    let all = vec![
        standing("cellar"),
        Standing { reach: Reach::Lost(since), failed: 2, ..standing("attic") },
        Standing { running: 3, asks: true, ..standing("north") },
        standing("south"),
    ];
    b.app.know_labs(Labs { all, here: 0 });
    b
}

#[test]
fn it_stands_below_the_header() {
    for size in [(80, 24), (40, 12), (200, 50)] {
        assert_snapshot!(format!("labs_{}x{}", size.0, size.1), text(&several(size, Charset::Unicode)));
    }
    assert_snapshot!("labs_ascii", text(&several((80, 24), Charset::Ascii)));
    // On every screen.
    let mut b = several((80, 24), Charset::Unicode);
    b.keys("s").types("MeasureT1").keys("enter");
    assert_snapshot!("labs_compose", text(&b));
}

#[test]
fn at_every_width_it_says_which_lab_is_seen_and_that_another_one_is_in_trouble() {
    let since = Now::at(60.0).utc;
    for count in 2..=12 {
        for here in [0, count / 2, count - 1] {
            let mut b = lab((160, 24), Charset::Unicode);
            for width in 20..=160 {
                b.msg(Msg::Resize(width, 24));
                let mut all: Vec<Standing> =
                    (0..count).map(|n| Standing { running: 12, ..standing(&format!("labor{n}")) }).collect();
                let other = if here == 0 { count - 1 } else { 0 };
                all[other].reach = Reach::Lost(since);
                b.app.know_labs(Labs { all, here });
                let text = text(&b);
                let strip = text.lines().nth(1).unwrap();
                let front = format!("[labor{here}]");
                let short = &front[..6];
                assert!(strip.contains(&front) || strip.contains(short), "{width}: {strip:?}");
                assert!(strip.contains('!') || strip.contains("lost"), "{width}: {strip:?}");
            }
        }
    }
}

/// The title gives way to the lab's name, and the counts' words only to the state of the link.
#[test]
fn the_labs_name_stands_whole_where_it_fits_without_the_title() {
    let header = |name: &str| {
        let settings = Settings { lab: name.into(), ..Settings::default() };
        Bench::with(settings, (80, 24)).lines().remove(0)
    };
    assert!(header("cellar").contains("juicetop  cellar  ● live"), "{}", header("cellar"));
    let address = "cryostat.example.org:5124";
    assert!(header(address).starts_with(&format!(" {address}  ● live")), "{}", header(address));
    assert!(header(address).contains("0 running"));
    let long = header(&"x".repeat(60));
    assert!(
        !long.contains("juicetop") && long.contains("x…  ● live") && long.contains("0 running"),
        "{long}"
    );
}
