//! Plots as they look, and what must hold for any numbers.

use proptest::prelude::*;

use super::{scale::round_step, *};

fn shown(picture: &Picture) -> Vec<String> {
    picture
        .rows()
        .map(|row| row.into_iter().map(|(text, _)| text).collect::<String>().trim_end().to_owned())
        .collect()
}

fn plain<'a>(y: &'a [f64], x_quantity: &'a Quantity, y_quantity: &'a Quantity) -> Points<'a> {
    Points { x: None, y, x_quantity, y_quantity, x_log: false, y_log: false }
}

#[test]
fn a_line_with_a_gap() {
    let (item, key) = (Quantity::of("item"), Quantity::of("signal_uv"));
    let mut values: Vec<f64> = (0..60).map(|n| f64::from(n).mul_add(50.0, -500.0)).collect();
    values[20..30].fill(f64::NAN);
    values[45] = f64::INFINITY;
    for (signs, name) in [(Signs::Braille, "braille"), (Signs::Blocks, "blocks"), (Signs::Ascii, "ascii")] {
        let picture = line(plain(&values, &item, &key), (50, 12), signs).unwrap();
        insta::assert_snapshot!(format!("line_{name}"), shown(&picture).join("\n"));
    }
}

#[test]
fn a_decay_over_time_in_powers_of_ten() {
    let (time, signal) = (Quantity::of("delay_us"), Quantity::of("population"));
    let x: Vec<f64> = (0..200).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| (-x / 20.0).exp()).collect();
    let points = Points { x: Some(&x), y_log: true, ..plain(&y, &time, &signal) };
    insta::assert_snapshot!(shown(&line(points, (60, 12), Signs::Braille).unwrap()).join("\n"));
}

#[test]
fn a_histogram_with_round_ranges() {
    let key = Quantity::of("t1_s");
    let values: Vec<f64> =
        (0..400).map(|n| 2e-5 + 1e-5 * (f64::from(n) * 0.7).sin() * (f64::from(n) * 0.3).cos()).collect();
    for (signs, name) in [(Signs::Braille, "unicode"), (Signs::Ascii, "ascii")] {
        let picture = histogram(&values, &key, false, (60, 12), signs).unwrap();
        insta::assert_snapshot!(format!("histogram_{name}"), shown(&picture).join("\n"));
    }
}

#[test]
fn a_heat_map_with_a_hole() {
    let key = Quantity::of("iq");
    let mut values: Vec<f64> = (0..20 * 40).map(|n| f64::from(n / 40) * f64::from(n % 40)).collect();
    for row in 4..8 {
        values[row * 40 + 10..row * 40 + 20].fill(f64::NAN);
    }
    for (signs, name) in [(Signs::Braille, "unicode"), (Signs::Ascii, "ascii")] {
        let picture = heat(&values, 40, &key, false, (50, 14), signs).unwrap();
        insta::assert_snapshot!(format!("heat_{name}"), shown(&picture).join("\n"));
    }
}

#[test]
fn units_are_read_from_keys() {
    let title = |key: &str, largest: f64| {
        let scale = Scale::between(0.0, largest, false);
        let (ticks, title) = scale.ticks(&Quantity::of(key), 4, false);
        (title, ticks.last().unwrap().label.clone())
    };
    let of = |key, largest| {
        let (title, last) = title(key, largest);
        format!("{title} {last}")
    };
    assert_eq!(of("frequency_hz", 5.2e9), "frequency [GHz] 4");
    assert_eq!(of("frequency_MHz", 4300.0), "frequency [GHz] 4");
    assert_eq!(of("t1_us", 35.0), "t1 [µs] 30");
    assert_eq!(of("t1_s", 3.5e-5), "t1 [µs] 30");
    assert_eq!(of("power_dbm", 10.0), "power [dBm] 10");
    assert_eq!(of("counts", 3.5e-9), "counts [1e-9] 3");
    assert_eq!(of("counts", 30_000.0), "counts 30000");
    assert_eq!(of("a_s", 1e30), "a [1e30 s] 1.0");
    assert_eq!(of("_s", 1.0), "_s 1.0");
}

#[test]
fn marks_are_round_numbers_within_the_axis() {
    for (low, high) in
        [(0.0, 1.0), (-3e9, 7e9), (4.999_91, 4.999_92), (-1e-300, 1e-300), (f64::MIN, f64::MAX)]
    {
        let scale = Scale::of([low, high].into_iter(), false).unwrap();
        let (ticks, _) = scale.ticks(&Quantity::of("x"), 5, false);
        assert!((2..=11).contains(&ticks.len()), "{low} {high}: {ticks:?}");
        assert!(ticks.windows(2).all(|pair| pair[0].share < pair[1].share && pair[0].label != pair[1].label));
    }
    assert_eq!([0.11, 0.2, 3.0, 7.0].map(round_step), [0.2, 0.2, 5.0, 10.0]);
}

#[test]
fn what_cannot_be_plotted_says_why() {
    let (x, y) = (Quantity::of("x"), Quantity::of("y"));
    let nothing = [f64::NAN, f64::INFINITY];
    assert_eq!(line(plain(&nothing, &x, &y), (50, 12), Signs::Ascii), Err(NoPlot::Nothing));
    assert_eq!(histogram(&[], &x, false, (50, 12), Signs::Ascii), Err(NoPlot::Nothing));
    let negative = Points { y_log: true, ..plain(&[-1.0, 0.0], &x, &y) };
    assert_eq!(line(negative, (50, 12), Signs::Ascii), Err(NoPlot::NotPositive));
    assert_eq!(heat(&[1.0], 1, &x, false, (10, 3), Signs::Ascii), Err(NoPlot::NoRoom));
}

proptest! {
    #[test]
    fn any_numbers_fill_the_area_and_no_more(
        values in proptest::collection::vec(prop_oneof![any::<f64>(), Just(f64::MAX), Just(f64::MIN), -1.0..1.0_f64], 1..200),
        width in 0..100_usize, height in 0..30_usize, log in any::<bool>(), columns in 1..20_usize,
    ) {
        let (x, y) = (Quantity::of("frequency_hz"), Quantity::of("y"));
        let size = (width, height);
        for signs in [Signs::Braille, Signs::Blocks, Signs::Ascii] {
            let points = Points { x: Some(&values), x_log: log, y_log: log, ..plain(&values, &x, &y) };
            let pictures = [
                line(points, size, signs),
                line(Points { x: None, ..points }, size, signs),
                histogram(&values, &x, log, size, signs),
                heat(&values, columns, &y, log, size, signs),
            ];
            for picture in pictures.into_iter().flatten() {
                let rows = shown(&picture);
                prop_assert_eq!(rows.len(), height);
                prop_assert!(rows.iter().all(|row| row.chars().count() <= width));
                if signs == Signs::Ascii {
                    prop_assert!(rows.iter().all(|row| row.is_ascii()));
                }
            }
        }
    }

    #[test]
    fn every_number_has_its_place(values in proptest::collection::vec(any::<f64>(), 1..50)) {
        let finite = values.iter().filter(|v| v.is_finite()).count();
        match Scale::of(values.iter().copied(), false) {
            Ok(scale) => prop_assert_eq!(values.iter().filter_map(|v| scale.share(*v)).count(), finite),
            Err(why) => prop_assert!(finite == 0 && why == NoPlot::Nothing),
        }
    }
}
