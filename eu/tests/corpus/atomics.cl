// options: -cl-std=CL3.0
// Atomics on global and local memory.
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable

#define OPERATION(S, T, f)                                                      \
    kernel void S##_##T##_##f(volatile S T *a, global T *b)                     \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        b[i] = f(a + (i & 15), b[i + 1]);                                       \
    }
#define ALONE(S, T, f)                                                          \
    kernel void S##_##T##_##f##_alone(volatile S T *a, global T *b)             \
    {                                                                           \
        f(a + get_local_id(0), b[get_global_id(0)]);                            \
    }
#define ALL(S, T)                                                               \
    OPERATION(S, T, atomic_add) OPERATION(S, T, atomic_sub) OPERATION(S, T, atomic_xchg) \
    OPERATION(S, T, atomic_min) OPERATION(S, T, atomic_max) OPERATION(S, T, atomic_and)  \
    OPERATION(S, T, atomic_or) OPERATION(S, T, atomic_xor) ALONE(S, T, atomic_add)       \
    ALONE(S, T, atomic_max)                                                     \
    kernel void S##_##T##_others(volatile S T *a, global T *b)                  \
    {                                                                           \
        size_t i = get_global_id(0);                                            \
        b[i] = atomic_inc(a) + atomic_dec(a + 1) + atomic_cmpxchg(a + 2, b[i + 1], b[i + 2]); \
    }

ALL(global, int) ALL(global, uint) ALL(local, int) ALL(local, uint)

#define WIDE(f)                                                                 \
    kernel void wide_##f(volatile global long *a, global long *b)               \
    {                                                                           \
        b[get_global_id(0)] = f(a, b[get_global_id(0) + 1]);                    \
    }
WIDE(atom_add) WIDE(atom_xchg) WIDE(atom_min) WIDE(atom_max) WIDE(atom_and) WIDE(atom_or)

kernel void wide_exchange(volatile global ulong *a, global ulong *b)
{
    b[0] = atom_cmpxchg(a, b[1], b[2]);
}

kernel void float_exchange(volatile global float *a, global float *b)
{
    b[get_global_id(0)] = atomic_xchg(a, b[1]);
}

kernel void orders(volatile global atomic_int *a, global int *b, local atomic_int *c)
{
    size_t i = get_global_id(0);
    atomic_store_explicit(a, b[i], memory_order_release, memory_scope_device);
    b[i] = atomic_load_explicit(a + 1, memory_order_acquire, memory_scope_device);
    atomic_fetch_add_explicit(c, 1, memory_order_acq_rel, memory_scope_work_group);
    atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_seq_cst, memory_scope_device);
    b[i + 1] = atomic_exchange(c, 5);
}
