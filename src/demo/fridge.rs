//! The refrigerator: Juice's own mock one, which does as it is told and moves nothing. Its points pass over the bus
//! every 5 s.

use super::{
    Lab,
    bus::{Bus, quoted},
    failure::{Failure, entry},
    json::{Json, python_float},
    lock,
    rng::Rng,
    service::{number, word},
};

const HEATERS: [&str; 5] = ["heater_50K", "heater_3K", "heater_still", "heater_mc", "heater_sorb"];
const PUMPS: [&str; 5] = ["compressor", "scroll1", "scroll2", "turbo1", "turbo2"];
const VALVES: usize = 23;
const STAGES: [(&str, f64); 5] =
    [("50K", 48.2), ("3K", 3.04), ("Still", 0.78), ("50mK", 0.051), ("Mixing Chamber", 0.0103)];

/// What is switched on.
#[derive(Debug)]
pub(super) struct Fridge {
    /// On or off, and the power setting in watts.
    heaters: [(bool, f64); HEATERS.len()],
    valves: [bool; VALVES],
    pumps: [bool; PUMPS.len()],
    compressors: bool,
}

impl Default for Fridge {
    /// Cold, with the mixture circulating.
    fn default() -> Fridge {
        let mut valves = [false; VALVES];
        [3, 8, 9, 12]
            .into_iter()
            .filter_map(|open| valves.get_mut(open).map(|valve| *valve = true))
            .for_each(drop);
        Fridge {
            heaters: [(false, 0.0), (false, 0.0), (true, 0.012), (false, 0.0), (false, 0.0)],
            valves,
            pumps: [true, true, false, true, false],
            compressors: true,
        }
    }
}

pub(super) async fn handle(lab: &Lab, name: &str, fields: &Json) -> Result<Json, Failure> {
    // Instruments answer in their own time.
    let pause = lock(&lab.rng).between(0.02, 0.25);
    tokio::time::sleep(super::service::seconds(pause)).await;
    lock(&lab.fridge).act(name, fields)
}

impl Fridge {
    fn act(&mut self, name: &str, fields: &Json) -> Result<Json, Failure> {
        match name {
            "EnableHeater" => self.heater(fields, 172, "_handle_enable_heater", "on()").map(|heater| {
                heater.0 = true;
                Json::Bool(true)
            }),
            "DisableHeater" => self.heater(fields, 179, "_handle_disable_heater", "off()").map(|heater| {
                heater.0 = false;
                Json::Bool(true)
            }),
            "SetHeaterPower" => {
                self.heater(fields, 188, "_handle_set_heater_power", "set_power(").map(|heater| {
                    heater.1 = number(fields, "power");
                    Json::Bool(true)
                })
            }
            "GetHeaterOutputPower" => self
                .heater(fields, 140, "_handle_get_heater_output_power", "output_power")
                .map(|(on, power)| Json::float(if *on { *power } else { 0.0 })),
            "GetHeaterPowerSetting" => self
                .heater(fields, 133, "_handle_get_heater_power_setting", "power_setting")
                .map(|(_, power)| Json::float(*power)),
            "IsHeaterEnabled" => self
                .heater(fields, 145, "_handle_is_heater_enabled", "enabled")
                .map(|(on, _)| Json::Bool(*on)),
            "EnableCompressors" | "DisableCompressors" => {
                self.compressors = name == "EnableCompressors";
                Ok(Json::Null)
            }
            "AreCompressorsEnabled" => Ok(Json::Bool(self.compressors)),
            "GetGHSValveState" => {
                let valve = self.valve(word(fields, "valve_id")).map(|valve| Json::Bool(*valve));
                valve.ok_or_else(|| unknown_key(word(fields, "valve_id"), 160, "valve"))
            }
            "GetGHSPumpState" => {
                let pump = self.pump(word(fields, "pump_id")).map(|pump| Json::Bool(*pump));
                pump.ok_or_else(|| unknown_key(word(fields, "pump_id"), 165, "pump"))
            }
            "OpenGHSValve" | "CloseGHSValve" => {
                let open = name == "OpenGHSValve";
                let id = word(fields, "valve_id");
                let places = if open { (211, 38, "open_valve") } else { (217, 45, "close_valve") };
                *self.valve(id).ok_or_else(|| unknown_part("valve", id, places))? = open;
                Ok(Json::Null)
            }
            "EnableGHSPump" | "DisableGHSPump" => {
                let on = name == "EnableGHSPump";
                let id = word(fields, "pump_id");
                let places = if on { (223, 52, "start_pump") } else { (229, 59, "stop_pump") };
                *self.pump(id).ok_or_else(|| unknown_part("pump", id, places))? = on;
                Ok(Json::Null)
            }
            // StartGHSCondensation, StartGHSRecovery.
            _ => Ok(Json::Bool(true)),
        }
    }

    fn heater(
        &mut self,
        fields: &Json,
        line: u32,
        function: &str,
        then: &str,
    ) -> Result<&mut (bool, f64), Failure> {
        let id = word(fields, "component_id");
        let place = HEATERS.iter().position(|heater| *heater == id);
        place.and_then(|place| self.heaters.get_mut(place)).ok_or_else(|| {
            let awaited = then.contains('(');
            let (lead, shift) = if awaited { ("result = await ", 15) } else { ("return ", 7) };
            let lookup = "self.fridge.heaters[payload.component_id]";
            let carets = format!("{}{}{}", " ".repeat(shift), "~".repeat(19), "^".repeat(lookup.len() - 19));
            fridge_error("KeyError", &format!("'{id}'"), &format!(
                "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/fridge/_service.py\", line {line}, in {function}\n    {lead}{lookup}.{then}\n    {carets}\n",
            ))
        })
    }

    fn valve(&mut self, id: &str) -> Option<&mut bool> {
        let number: usize = id.strip_prefix('v')?.parse().ok()?;
        self.valves.get_mut(number.checked_sub(1)?)
    }

    fn pump(&mut self, id: &str) -> Option<&mut bool> {
        let place = PUMPS.iter().position(|pump| *pump == id)?;
        self.pumps.get_mut(place)
    }

    /// The mixing chamber is warmed by its heater: half a kelvin a watt.
    fn mixing_chamber(&self, cold: f64) -> f64 {
        let [.., (on, watts), _] = self.heaters;
        if on { cold + watts.max(0.0) / 2.0 } else { cold }
    }

    /// What the task manager's monitor tells, which watches the mixing chamber: bit 1 warns, bit 2 throttles.
    fn watch(bus: &Bus, kelvin: f64) {
        let state = u8::from(kelvin >= 0.015) | u8::from(kelvin >= 0.02) << 1;
        bus.throttle("mixing_chamber", kelvin, state);
    }

    /// Publishes what the real report loop publishes, in its order: heaters, stages, compressors, pressures, the flow, valves,
    /// pumps; and what the monitor makes of it.
    pub(super) fn report(&self, bus: &Bus, rng: &mut Rng) {
        let time = quoted(&bus.time());
        let enabled = |id: &str, on: bool| {
            let event =
                format!(r#"{{"time":{time},"component_id":"{id}","service_name":"cryo","enabled":{on}}}"#);
            bus.publish(&format!("ComponentEnabledPoint.cryo.{id}"), &event);
        };
        for (id, (on, power)) in HEATERS.iter().zip(self.heaters) {
            enabled(id, on);
            let event = format!(
                r#"{{"time":{time},"component_id":"{id}","service_name":"cryo","power_setting":{},"unit":"W","output_power":{}}}"#,
                python_float(power),
                python_float(if on { power } else { 0.0 }),
            );
            bus.publish(&format!("PowerSettingPoint.cryo.{id}"), &event);
        }
        for (index, (level, kelvin)) in STAGES.iter().enumerate() {
            let sensor = format!("thermometer_{}", index + 1);
            let kelvin = if index + 1 == STAGES.len() { self.mixing_chamber(*kelvin) } else { *kelvin };
            let kelvin = kelvin * rng.between(0.98, 1.02);
            if index + 1 == STAGES.len() {
                Fridge::watch(bus, kelvin);
            }
            let kelvin = python_float(kelvin);
            let event = format!(
                r#"{{"time":{time},"service_name":"cryo","component_id":"thermometry_unit_1","sensor_id":"{sensor}","level":"{level}","temperature":{kelvin}}}"#
            );
            bus.publish(&format!("TemperaturePoint.cryo.thermometry_unit_1.{sensor}"), &event);
        }
        let pressure = |component: &str, sensor: &str, bar: f64| {
            let bar = python_float(bar);
            let event = format!(
                r#"{{"time":{time},"service_name":"cryo","component_id":"{component}","sensor_id":"{sensor}","pressure":{bar},"unit":"bar"}}"#
            );
            bus.publish(&format!("PressurePoint.cryo.{component}.{sensor}"), &event);
        };
        for id in ["pt_1", "pt_2"] {
            let (high, low) = if self.compressors { (21.4, 6.8) } else { (14.9, 14.9) };
            pressure(id, "high_pressure", high * rng.between(0.99, 1.01));
            pressure(id, "low_pressure", low * rng.between(0.99, 1.01));
            enabled(id, self.compressors);
            let state = if self.compressors { "RUNNING" } else { "IDLING" };
            for (message, level, text) in [
                ("operating_state", "INFO", state),
                ("warning", "DEBUG", "NO_WARNINGS"),
                ("error", "DEBUG", "NO_ERRORS"),
            ] {
                let event = format!(
                    r#"{{"time":{time},"service_name":"cryo","component_id":"{id}","message_id":"{message}","level":"{level}","message":"{text}"}}"#
                );
                bus.publish(&format!("StatusmessagePoint.cryo.{id}.{message}"), &event);
            }
        }
        for (index, bar) in [0.0004, 0.62, 0.58, 0.41, 0.97, 0.03].into_iter().enumerate() {
            pressure("ghs", &format!("p{}", index + 1), bar * rng.between(0.98, 1.02));
        }
        let flow = python_float(if self.pumps[0] { 0.52 * rng.between(0.98, 1.02) } else { 0.0 });
        let event = format!(
            r#"{{"time":{time},"service_name":"cryo","component_id":"ghs","sensor_id":"flow","flowrate":{flow},"unit":"mmol/sec"}}"#
        );
        bus.publish("FlowratePoint.cryo.ghs.flow", &event);
        for (index, open) in self.valves.iter().enumerate() {
            enabled(&format!("ghs.v{}", index + 1), *open);
        }
        for (id, on) in PUMPS.iter().zip(self.pumps) {
            enabled(&format!("ghs.{id}"), on);
        }
    }
}

fn unknown_key(id: &str, line: u32, part: &str) -> Failure {
    let lookup = format!("self.fridge.ghs.{part}_states[payload.{part}_id]");
    let stem = lookup.find('[').unwrap_or_default();
    let carets = format!("       {}{}", "~".repeat(stem), "^".repeat(lookup.len() - stem));
    fridge_error(
        "KeyError",
        &format!("'{id}'"),
        &format!(
            "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/fridge/_service.py\", line {line}, in _handle_get_ghs_{part}_state\n    return {lookup}\n    {carets}\n",
        ),
    )
}

fn unknown_part(part: &str, id: &str, (line, inner, call): (u32, u32, &str)) -> Failure {
    let title = if part == "valve" { "Valve" } else { "Pump" };
    let does = match call {
        "open_valve" => "open_ghs_valve",
        "close_valve" => "close_ghs_valve",
        "start_pump" => "enable_ghs_pump",
        _ => "disable_ghs_pump",
    };
    fridge_error(
        "ValueError",
        &format!("{title} ID {id} not recognized."),
        &format!(
            "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/fridge/_service.py\", line {line}, in _handle_{does}\n    await self.fridge.ghs.{call}(payload.{part}_id)\n  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/fridge/ghs/mock_ghs.py\", line {inner}, in {call}\n    raise ValueError(f\"{title} ID {{{part}_id}} not recognized.\")\n",
        ),
    )
}

fn fridge_error(class: &str, says: &str, entries: &str) -> Failure {
    Failure::raised(class, says, &[entry::HANDLE, entry::AWAIT_HANDLER, entries])
}
