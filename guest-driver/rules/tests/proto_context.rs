// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Sequences of setting, using and asking a context, against a model of i915's rules.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::platform;
use proptest::collection::vec;
use proptest::prelude::*;
use virtio_igpu_rules::engine_map::EngineMap;
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::platform::{ClassInstance, PlatformFacts};
use virtio_igpu_rules::proto_context::{
    live_sseu, ContextParams, Environment, Get, KnownCaller, Parameter, ProtoContext, SetLive,
    SetProto,
};
use virtio_igpu_rules::sseu::{Sseu, UserSseu};

#[derive(Clone, Copy, Debug)]
enum Call {
    /// Set a parameter; what it points to, if it does, is the second value.
    Set(Parameter, Pointee),
    /// Ask for a parameter, which is a use.
    Get(u64, u32),
    /// Submit.
    Use,
}

/// What a parameter's pointer or id leads to.
#[derive(Clone, Copy, Debug)]
struct Pointee {
    vm_exists: bool,
    vm_bind: bool,
    /// The only engine of the map.
    engine: (u16, u16),
    sseu: UserSseu,
}

fn call() -> impl Strategy<Value = Call> {
    let parameter = (
        0..17_u64,
        prop_oneof![6 => Just(0_u32), 2 => Just(32), 2 => Just(12), 1 => 0..64_u32],
        prop_oneof![
            4 => 0..3_u64,
            1 => (-1100_i64..1100).prop_map(|value| value as u64),
            1 => any::<u64>(),
        ],
    )
        .prop_map(|(param, size, value)| Parameter { param, size, value });
    let sseu = (
        0..2_u16,
        0..2_u16,
        0..2_u32,
        prop_oneof![Just(0xff_u64), Just(0x0f), Just(0x07)],
    )
        .prop_map(|(class, instance, flags, subslice_mask)| UserSseu {
            engine: ClassInstance { class, instance },
            flags,
            slice_mask: 1,
            subslice_mask,
            min_eus_per_subslice: 8,
            max_eus_per_subslice: 8,
            reserved: 0,
        });
    let pointee = (any::<bool>(), any::<bool>(), (0..3_u16, 0..2_u16), sseu).prop_map(
        |(vm_exists, vm_bind, engine, sseu)| Pointee {
            vm_exists,
            vm_bind,
            engine,
            sseu,
        },
    );
    prop_oneof![
        12 => (parameter, pointee).prop_map(|(parameter, pointee)| Call::Set(parameter, pointee)),
        1 => (0..17_u64, prop_oneof![Just(0_u32), Just(31), Just(32)])
            .prop_map(|(param, size)| Call::Get(param, size)),
        1 => Just(Call::Use),
    ]
}

/// The driver's part: one id, behind which stands one form or the other.
enum Subject {
    Proto(ProtoContext<u32>),
    Live(ContextParams, EngineMap),
}

impl Subject {
    fn set(
        &mut self,
        environment: &Environment<'_>,
        caller: &KnownCaller,
        parameter: &Parameter,
        pointee: &Pointee,
    ) -> Result<(), Errno> {
        let facts = environment.facts;
        match self {
            Self::Proto(proto) => match proto.set(environment, caller, parameter)? {
                SetProto::Done => Ok(()),
                SetProto::Vm { id } => {
                    assert_eq!(u64::from(id), parameter.value);
                    if !pointee.vm_exists {
                        return Err(Errno::ENOENT);
                    }
                    proto.set_vm(id, pointee.vm_bind);
                    Ok(())
                }
                SetProto::Engines { count } => {
                    let mut map = EngineMap::new(count)?;
                    let (class, instance) = pointee.engine;
                    for slot in map.indices() {
                        map.place(facts, slot, ClassInstance { class, instance })?;
                    }
                    proto.set_engines(map).map_err(|(error, _)| error)
                }
                SetProto::Sseu => proto.set_sseu(facts, &pointee.sseu),
            },
            Self::Live(params, map) => match params.set(environment, caller, parameter)? {
                SetLive::Sseu => {
                    let slot = params.sseu_slot(facts, map, &pointee.sseu)?;
                    live_sseu(facts, map.slot(slot), &pointee.sseu).map(|_| ())
                }
                SetLive::Done | SetLive::Flags(_) => Ok(()),
                SetLive::Priority(priority) => {
                    assert_eq!(i64::from(priority), parameter.value as i64);
                    Ok(())
                }
            },
        }
    }

    fn use_it(&mut self, facts: &PlatformFacts) -> Result<(&ContextParams, &EngineMap), Errno> {
        if let Self::Proto(proto) = self {
            proto.check_first_use()?;
            *self = Self::Live(proto.params(), proto.effective_engines(facts));
        }
        match self {
            Self::Live(params, map) => Ok((params, map)),
            Self::Proto(_) => unreachable!(),
        }
    }
}

/// The model: every rule of i915's two functions written out per parameter.
struct Model {
    engine_reset: bool,
    live: bool,
    error_capture: bool,
    bannable: bool,
    recoverable: bool,
    persistent: bool,
    priority: i64,
    bind_mode: bool,
    engines: Option<(usize, (u16, u16))>,
    legacy_slices: bool,
}

impl Model {
    fn set(
        &mut self,
        gen11: bool,
        hangcheck: bool,
        caller: &KnownCaller,
        parameter: &Parameter,
        pointee: &Pointee,
    ) -> Result<(), Errno> {
        let Parameter { param, size, value } = *parameter;
        let sized = |needed: bool| if needed { Err(Errno::EINVAL) } else { Ok(()) };
        match param {
            4 => {
                sized(size != 0)?;
                self.error_capture = value == 0;
            }
            5 => {
                sized(size != 0)?;
                if value == 0 && !caller.admin {
                    return Err(Errno::EPERM);
                }
                self.bannable = value != 0;
            }
            8 => {
                sized(size != 0)?;
                if self.live && self.bind_mode && value != 0 {
                    return Err(Errno::EINVAL);
                }
                self.recoverable = value != 0;
            }
            6 => {
                sized(size != 0)?;
                let priority = value as i64;
                if !(-1023..=1023).contains(&priority) {
                    return Err(Errno::EINVAL);
                }
                if priority > 0 && !caller.nice {
                    return Err(Errno::EPERM);
                }
                self.priority = priority;
            }
            0xb => {
                sized(size != 0)?;
                let same = self.live && self.persistent == (value != 0);
                if value == 0 && !self.engine_reset && !same {
                    return Err(Errno::ENODEV);
                }
                if value != 0 && !hangcheck && !same {
                    return Err(Errno::EINVAL);
                }
                self.persistent = value != 0;
            }
            7 => {
                sized(size < 32)?;
                if !gen11 {
                    return Err(Errno::ENODEV);
                }
                let by_index = pointee.sseu.flags == 1;
                sized(by_index != self.engines.is_some())?;
                let (class, instance) = (
                    pointee.sseu.engine.class,
                    usize::from(pointee.sseu.engine.instance),
                );
                let (there, renders) = match self.engines {
                    Some((count, engine)) => (instance < count, engine.0 == 0),
                    None => (instance == 0, class == 0),
                };
                sized(!there)?;
                if !renders {
                    return Err(if self.live {
                        Errno::ENODEV
                    } else {
                        Errno::EINVAL
                    });
                }
                sized(pointee.sseu.subslice_mask == 0x07)?;
                self.legacy_slices |= self.engines.is_none() && !self.live;
            }
            9 if !self.live => {
                sized(size != 0)?;
                if value > u64::from(u32::MAX) || !pointee.vm_exists {
                    return Err(Errno::ENOENT);
                }
                self.bind_mode = pointee.vm_bind;
            }
            0xa if !self.live => {
                sized(self.engines.is_some() || size < 8 || size % 4 != 0)?;
                let count = (size as usize - 8) / 4;
                let exists = common::ENGINES.contains(&pointee.engine);
                if count > 0 && !exists {
                    return Err(Errno::ENOENT);
                }
                self.engines = Some((count, pointee.engine));
                self.legacy_slices = false;
            }
            0xd if !self.live && value == 0 => {}
            0xd if !self.live => return Err(Errno::ENODEV),
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    fn use_it(&mut self) -> Result<(), Errno> {
        if !self.live && self.bind_mode && self.recoverable {
            return Err(Errno::EINVAL);
        }
        self.live = true;
        Ok(())
    }

    fn get(&self, param: u64, size: u32) -> Result<Get, Errno> {
        Ok(match param {
            3 => Get::Value(1 << 48),
            4 => Get::Value(u64::from(!self.error_capture)),
            5 => Get::Value(u64::from(self.bannable)),
            6 => Get::Value(self.priority as u64),
            7 if size == 0 => Get::SseuSize,
            7 if size < 32 => return Err(Errno::EINVAL),
            7 => Get::Sseu,
            8 => Get::Value(u64::from(self.recoverable)),
            9 => Get::NewVmId,
            0xb => Get::Value(u64::from(self.persistent)),
            0xd => Get::Value(0),
            _ => return Err(Errno::EINVAL),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_context_takes_what_the_model_takes(
        gen11 in any::<bool>(),
        hangcheck in any::<bool>(),
        reset_level in 0..4_u32,
        admin in any::<bool>(),
        nice in any::<bool>(),
        calls in vec(call(), 1..30),
    ) {
        let facts = platform(if gen11 { 11 } else { 12 });
        let environment = Environment {
            facts: &facts,
            hangcheck,
            reset: facts.reset.limited(reset_level),
        };
        let caller = KnownCaller { admin, nice };
        let mut subject = Subject::Proto(ProtoContext::new(&environment, false));
        let mut model = Model {
            engine_reset: reset_level >= 2,
            live: false,
            error_capture: true,
            bannable: true,
            recoverable: true,
            persistent: hangcheck,
            priority: 0,
            bind_mode: false,
            engines: None,
            legacy_slices: false,
        };
        for call in calls {
            match call {
                Call::Set(parameter, pointee) => {
                    let set = subject.set(&environment, &caller, &parameter, &pointee);
                    let expected = model.set(gen11, hangcheck, &caller, &parameter, &pointee);
                    prop_assert_eq!(set, expected, "{:?} {:?}", parameter, pointee);
                }
                Call::Get(param, size) => {
                    let got = subject
                        .use_it(&facts)
                        .and_then(|(params, _)| params.get(&facts, param, size));
                    let expected = model.use_it().and_then(|()| model.get(param, size));
                    prop_assert_eq!(got, expected, "{:#x}", param);
                }
                Call::Use => {
                    let built_before = matches!(subject, Subject::Live(..));
                    let used = subject.use_it(&facts).map(|(_, map)| map.clone());
                    prop_assert_eq!(used.clone().err(), model.use_it().err());
                    let (Ok(map), false) = (used, built_before) else { continue };
                    let legacy_sseu = model.legacy_slices;
                    match model.engines {
                        Some((count, _)) => prop_assert_eq!(map.slots().len(), count),
                        None => {
                            let sseu = Sseu::whole_device(&facts);
                            let plain = EngineMap::legacy(&facts, None);
                            let set = EngineMap::legacy(&facts, Some(sseu));
                            prop_assert_eq!(map.slots().len(), set.slots().len());
                            prop_assert_eq!(map == plain, !legacy_sseu);
                        }
                    }
                }
            }
        }
    }
}
