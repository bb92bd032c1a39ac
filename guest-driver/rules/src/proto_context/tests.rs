// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What each parameter does, by the function of i915 that says so.

use super::super::platform::{ice_lake, tiger_lake, ClassInstance};
use super::*;

const NOBODY: KnownCaller = KnownCaller {
    admin: false,
    nice: false,
};
const ROOT: KnownCaller = KnownCaller {
    admin: true,
    nice: true,
};

fn environment(facts: &PlatformFacts) -> Environment<'_> {
    Environment {
        facts,
        hangcheck: true,
        reset: facts.reset,
    }
}

fn plain(param: u64, value: u64) -> Parameter {
    Parameter {
        param,
        size: 0,
        value,
    }
}

fn proto(facts: &PlatformFacts) -> ProtoContext<u32> {
    ProtoContext::new(&environment(facts), false)
}

// proto_context_create
#[test]
fn a_new_context_is_bannable_recoverable_and_persistent() {
    let facts = tiger_lake();
    let params = proto(&facts).params();
    assert_eq!(
        params.flags(),
        ContextFlags {
            bannable: true,
            recoverable: true,
            persistent: true,
            no_error_capture: false
        }
    );
    assert_eq!(params.priority(), 0);
    let without_hangcheck = Environment {
        facts: &facts,
        hangcheck: false,
        reset: facts.reset,
    };
    let proto = ProtoContext::<u32>::new(&without_hangcheck, false);
    assert!(!proto.params().flags().persistent);
}

#[test]
fn create_checks_flags_before_bans() {
    assert_eq!(check_create(4, true, true), Err(Errno::EINVAL));
    assert_eq!(check_create(0, true, false), Err(Errno::EIO));
    assert_eq!(check_create(0, false, true), Err(Errno::EIO));
    assert_eq!(
        check_create(3, false, false),
        Ok(CreateFlags {
            extensions: true,
            single_timeline: true
        })
    );
    assert_eq!(check_destroy(0, 1), Err(Errno::EINVAL));
    assert_eq!(check_destroy(0, 0), Err(Errno::ENOENT));
}

// set_proto_ctx_param and ctx_setparam agree on these.
#[test]
fn plain_parameters_have_no_size_and_bannable_wants_an_admin() {
    let facts = tiger_lake();
    let environment = environment(&facts);
    for param in [
        I915_CONTEXT_PARAM_NO_ERROR_CAPTURE,
        I915_CONTEXT_PARAM_BANNABLE,
        I915_CONTEXT_PARAM_RECOVERABLE,
        I915_CONTEXT_PARAM_PRIORITY,
        I915_CONTEXT_PARAM_PERSISTENCE,
        I915_CONTEXT_PARAM_VM,
    ] {
        let sized = Parameter {
            param,
            size: 8,
            value: 0,
        };
        let mut proto = proto(&facts);
        assert_eq!(proto.set(&environment, &ROOT, &sized), Err(Errno::EINVAL));
        assert_eq!(
            proto.params().set(&environment, &ROOT, &sized),
            Err(Errno::EINVAL)
        );
    }
    let clear = plain(I915_CONTEXT_PARAM_BANNABLE, 0);
    let mut proto = proto(&facts);
    assert_eq!(proto.set(&environment, &NOBODY, &clear), Err(Errno::EPERM));
    assert!(proto.params().flags().bannable);
    assert_eq!(proto.set(&environment, &ROOT, &clear), Ok(SetProto::Done));
    assert!(!proto.params().flags().bannable);
}

// validate_priority
#[test]
fn priority_has_a_range_and_a_privileged_half() {
    let facts = tiger_lake();
    let environment = environment(&facts);
    let mut proto = proto(&facts);
    let mut set = |value: i64, caller| {
        proto.set(
            &environment,
            caller,
            &plain(I915_CONTEXT_PARAM_PRIORITY, value as u64),
        )
    };
    assert_eq!(set(1024, &ROOT), Err(Errno::EINVAL));
    assert_eq!(set(-1024, &ROOT), Err(Errno::EINVAL));
    assert_eq!(set(i64::MIN, &ROOT), Err(Errno::EINVAL));
    assert_eq!(set(1, &NOBODY), Err(Errno::EPERM));
    assert_eq!(set(1024, &NOBODY), Err(Errno::EINVAL));
    assert_eq!(set(-1023, &NOBODY), Ok(SetProto::Done));
    assert_eq!(set(1023, &ROOT), Ok(SetProto::Done));
    let value = proto.params().get(&facts, I915_CONTEXT_PARAM_PRIORITY, 0);
    assert_eq!(value, Ok(Get::Value(1023)));

    let mut facts = tiger_lake();
    facts.scheduler = I915_SCHEDULER_CAP_ENABLED;
    let environment = super::tests::environment(&facts);
    assert_eq!(
        proto.set(
            &environment,
            &ROOT,
            &plain(I915_CONTEXT_PARAM_PRIORITY, 5000)
        ),
        Err(Errno::ENODEV)
    );
}

#[test]
fn a_negative_priority_is_answered_with_its_sign() {
    let facts = tiger_lake();
    let mut params = proto(&facts).params();
    assert_eq!(
        params.set(
            &environment(&facts),
            &NOBODY,
            &plain(I915_CONTEXT_PARAM_PRIORITY, -5_i64 as u64)
        ),
        Ok(SetLive::Priority(-5))
    );
    assert_eq!(
        params.get(&facts, I915_CONTEXT_PARAM_PRIORITY, 0),
        Ok(Get::Value(-5_i64 as u64))
    );
}

// proto_context_set_persistence, __context_set_persistence
#[test]
fn persistence_needs_hangcheck_and_its_absence_preemption() {
    let mut facts = tiger_lake();
    facts.scheduler = 0;
    let environment = Environment {
        facts: &facts,
        hangcheck: false,
        reset: facts.reset,
    };
    let on = plain(I915_CONTEXT_PARAM_PERSISTENCE, 1);
    let off = plain(I915_CONTEXT_PARAM_PERSISTENCE, 0);
    let mut proto = ProtoContext::<u32>::new(&environment, false);
    assert_eq!(proto.set(&environment, &ROOT, &on), Err(Errno::EINVAL));
    assert_eq!(proto.set(&environment, &ROOT, &off), Err(Errno::ENODEV));
    // A live context may be told to be what it is.
    let mut live = proto.params();
    assert_eq!(live.set(&environment, &ROOT, &off), Ok(SetLive::Done));
    assert_eq!(live.set(&environment, &ROOT, &on), Err(Errno::EINVAL));
}

#[test]
fn what_is_gone_or_not_there_is_refused() {
    let facts = tiger_lake();
    let environment = environment(&facts);
    for param in [
        0,
        I915_CONTEXT_PARAM_BAN_PERIOD,
        I915_CONTEXT_PARAM_NO_ZEROMAP,
        I915_CONTEXT_PARAM_GTT_SIZE,
        I915_CONTEXT_PARAM_RINGSIZE,
        I915_CONTEXT_PARAM_LOW_LATENCY,
        I915_CONTEXT_PARAM_CONTEXT_IMAGE,
        0x10,
        0x8000_0000,
        u64::MAX,
    ] {
        let mut proto = proto(&facts);
        let refused = proto.set(&environment, &ROOT, &plain(param, 1));
        assert_eq!(refused, Err(Errno::EINVAL), "{param:#x}");
        let refused = proto.params().set(&environment, &ROOT, &plain(param, 1));
        assert_eq!(refused, Err(Errno::EINVAL), "{param:#x}");
    }
    let protect = |value| plain(I915_CONTEXT_PARAM_PROTECTED_CONTENT, value);
    let mut proto = proto(&facts);
    assert_eq!(
        proto.set(&environment, &ROOT, &protect(0)),
        Ok(SetProto::Done)
    );
    assert_eq!(
        proto.set(&environment, &ROOT, &protect(1)),
        Err(Errno::ENODEV)
    );
    let mut live = proto.params();
    assert_eq!(
        live.set(&environment, &ROOT, &protect(0)),
        Err(Errno::EINVAL)
    );
}

// set_proto_ctx_vm, ctx_setparam
#[test]
fn the_vm_is_set_before_first_use_only() {
    let facts = tiger_lake();
    let environment = environment(&facts);
    let mut proto = proto(&facts);
    let vm = plain(I915_CONTEXT_PARAM_VM, 7);
    assert_eq!(
        proto.set(&environment, &NOBODY, &vm),
        Ok(SetProto::Vm { id: 7 })
    );
    assert_eq!(
        proto.set(
            &environment,
            &NOBODY,
            &plain(I915_CONTEXT_PARAM_VM, 1 << 32)
        ),
        Err(Errno::ENOENT)
    );
    assert_eq!(proto.set_vm(70, false), None);
    assert_eq!(proto.set_vm(71, false), Some(70));
    assert_eq!(proto.vm(), Some(&71));
    let mut live = proto.params();
    assert_eq!(live.set(&environment, &ROOT, &vm), Err(Errno::EINVAL));
    assert_eq!(live.get(&facts, I915_CONTEXT_PARAM_VM, 0), Ok(Get::NewVmId));
}

#[test]
fn a_context_in_bind_mode_must_not_be_recoverable() {
    let facts = tiger_lake();
    let environment = environment(&facts);
    let mut proto = proto(&facts);
    proto.set_vm(1, true);
    assert_eq!(proto.check_create(), Err(Errno::EINVAL));
    assert_eq!(proto.check_first_use(), Err(Errno::EINVAL));
    let recoverable = |value| plain(I915_CONTEXT_PARAM_RECOVERABLE, value);
    proto.set(&environment, &NOBODY, &recoverable(0)).unwrap();
    assert_eq!(proto.check_create(), Ok(()));
    let mut live = proto.params();
    assert_eq!(
        live.set(&environment, &NOBODY, &recoverable(1)),
        Err(Errno::EINVAL)
    );
    assert!(!live.flags().recoverable);
    assert_eq!(
        live.set(&environment, &NOBODY, &recoverable(0)),
        Ok(SetLive::Done)
    );
}

// set_proto_ctx_engines
#[test]
fn engines_are_set_once_and_before_first_use() {
    let facts = tiger_lake();
    let environment = environment(&facts);
    let mut proto = proto(&facts);
    let engines = Parameter {
        param: I915_CONTEXT_PARAM_ENGINES,
        size: 12,
        value: 0,
    };
    assert_eq!(
        proto.set(&environment, &NOBODY, &Parameter { size: 0, ..engines }),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        proto.set(&environment, &NOBODY, &engines),
        Ok(SetProto::Engines { count: 1 })
    );
    let mut map = EngineMap::new(1).unwrap();
    let copy = ClassInstance {
        class: 1,
        instance: 0,
    };
    map.place(&facts, map.indices().next().unwrap(), copy)
        .unwrap();
    proto.set_engines(map.clone()).unwrap();
    assert_eq!(
        proto.set(&environment, &NOBODY, &engines),
        Err(Errno::EINVAL)
    );
    assert!(proto.set_engines(map.clone()).is_err());
    assert_eq!(proto.effective_engines(&facts), map);
    let mut live = proto.params();
    assert!(live.has_user_engines());
    assert_eq!(live.set(&environment, &ROOT, &engines), Err(Errno::EINVAL));
    assert_eq!(
        live.get(&facts, I915_CONTEXT_PARAM_ENGINES, 0),
        Err(Errno::EINVAL)
    );
}

// set_proto_ctx_sseu, set_sseu, get_sseu
#[test]
fn slices_are_for_gen11_and_its_render_engine() {
    let sseu = Parameter {
        param: I915_CONTEXT_PARAM_SSEU,
        size: USER_SSEU_SIZE,
        value: 0x1000,
    };
    let short = Parameter {
        size: USER_SSEU_SIZE - 1,
        ..sseu
    };
    let tiger_lake = tiger_lake();
    let mut on_tiger_lake = proto(&tiger_lake);
    let environment_tgl = environment(&tiger_lake);
    assert_eq!(
        on_tiger_lake.set(&environment_tgl, &ROOT, &sseu),
        Err(Errno::ENODEV)
    );
    assert_eq!(
        on_tiger_lake.set(&environment_tgl, &ROOT, &short),
        Err(Errno::EINVAL)
    );

    let facts = ice_lake();
    let environment = environment(&facts);
    let mut proto = proto(&facts);
    assert_eq!(proto.set(&environment, &ROOT, &sseu), Ok(SetProto::Sseu));
    let render = UserSseu {
        slice_mask: 1,
        subslice_mask: 0x0f,
        min_eus_per_subslice: 8,
        max_eus_per_subslice: 8,
        ..UserSseu::default()
    };
    let copy = UserSseu {
        engine: ClassInstance {
            class: 1,
            instance: 0,
        },
        ..render
    };
    assert_eq!(proto.set_sseu(&facts, &render), Ok(()));
    assert_eq!(proto.set_sseu(&facts, &copy), Err(Errno::EINVAL));
    let indexed = UserSseu { flags: 1, ..render };
    assert_eq!(proto.set_sseu(&facts, &indexed), Err(Errno::EINVAL));

    // On the live context the copy engine is ENODEV, the wrong way to name it EINVAL.
    let live = proto.params();
    let map = proto.effective_engines(&facts);
    let judge = |user: &UserSseu| {
        let slot = live.sseu_slot(&facts, &map, user)?;
        live_sseu(&facts, map.slot(slot), user)
    };
    assert_eq!(judge(&render).map(|sseu| sseu.subslice_mask), Ok(0x0f));
    assert_eq!(judge(&copy), Err(Errno::ENODEV));
    assert_eq!(judge(&indexed), Err(Errno::EINVAL));
    assert_eq!(
        live.get(&facts, I915_CONTEXT_PARAM_SSEU, 0),
        Ok(Get::SseuSize)
    );
    assert_eq!(
        live.get(&facts, I915_CONTEXT_PARAM_SSEU, 31),
        Err(Errno::EINVAL)
    );
    assert_eq!(live.get(&facts, I915_CONTEXT_PARAM_SSEU, 64), Ok(Get::Sseu));
}

#[test]
fn with_a_map_slices_are_set_by_index_and_forgotten_with_the_legacy_engine() {
    let facts = ice_lake();
    let mut proto = proto(&facts);
    let render = UserSseu {
        slice_mask: 1,
        subslice_mask: 0x0f,
        min_eus_per_subslice: 8,
        max_eus_per_subslice: 8,
        ..UserSseu::default()
    };
    proto.set_sseu(&facts, &render).unwrap();
    let mut map = EngineMap::new(2).unwrap();
    let names = [(1, 0), (0, 0)].map(|(class, instance)| ClassInstance { class, instance });
    for (slot, name) in map.indices().zip(names) {
        map.place(&facts, slot, name).unwrap();
    }
    proto.set_engines(map.clone()).unwrap();
    assert_eq!(proto.effective_engines(&facts), map);

    let by_index = |instance| UserSseu {
        flags: 1,
        engine: ClassInstance { class: 0, instance },
        ..render
    };
    assert_eq!(proto.set_sseu(&facts, &render), Err(Errno::EINVAL));
    assert_eq!(proto.set_sseu(&facts, &by_index(0)), Err(Errno::EINVAL));
    assert_eq!(proto.set_sseu(&facts, &by_index(2)), Err(Errno::EINVAL));
    assert_eq!(proto.set_sseu(&facts, &by_index(1)), Ok(()));
    match proto.effective_engines(&facts).get(1) {
        Ok(EngineSlot::Physical {
            sseu: Some(sseu), ..
        }) => assert_eq!(sseu.subslice_mask, 0x0f),
        other => panic!("{other:?}"),
    }
}

#[test]
fn getparam_answers() {
    let facts = tiger_lake();
    let live = proto(&facts).params();
    let get = |param| live.get(&facts, param, 0);
    assert_eq!(get(I915_CONTEXT_PARAM_GTT_SIZE), Ok(Get::Value(1 << 48)));
    assert_eq!(get(I915_CONTEXT_PARAM_BANNABLE), Ok(Get::Value(1)));
    assert_eq!(get(I915_CONTEXT_PARAM_PROTECTED_CONTENT), Ok(Get::Value(0)));
    for param in [0, 1, 2, 0xa, 0xc, 0xe, 0xf, 0x10] {
        assert_eq!(get(param), Err(Errno::EINVAL));
    }
}
