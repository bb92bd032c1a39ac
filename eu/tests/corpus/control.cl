// options:
// options: -cl-opt-disable
// Loops, branches and calls, with threads of 8, 16 and 32 channels.

#define WIDTH(N) __attribute__((intel_reqd_sub_group_size(N)))
#define EACH(M) M(8) M(16) M(32)

__attribute__((noinline)) int step_of(int x, int y)
{
    return x & 1 ? 3 * x + y : x >> 1;
}

__attribute__((noinline)) float weighted(float x, global const float *b, int n)
{
    float sum = 0;
    for (int k = 0; k < n; k++)
        sum += b[k] * x;
    return sum;
}

#define KERNELS(N)                                                              \
    WIDTH(N) kernel void branches_##N(global int *a, int n)                     \
    {                                                                           \
        int i = get_global_id(0);                                               \
        int x = a[i];                                                           \
        if (x > n) {                                                            \
            if (x & 1)                                                          \
                x = a[i + 1];                                                   \
            else                                                                \
                a[i + 2] = x;                                                   \
        } else if (x < -n) {                                                    \
            x = -x;                                                             \
        }                                                                       \
        a[i] = x;                                                               \
    }                                                                           \
    WIDTH(N) kernel void loop_##N(global int *a, int n)                         \
    {                                                                           \
        int i = get_global_id(0);                                               \
        int x = a[i];                                                           \
        for (int k = 0; k < n; k++) {                                           \
            if (a[k] == x)                                                      \
                continue;                                                       \
            if (a[k] > 1000)                                                    \
                break;                                                          \
            x += a[k];                                                          \
        }                                                                       \
        a[i] = x;                                                               \
    }                                                                           \
    WIDTH(N) kernel void collatz_##N(global uint *a)                            \
    {                                                                           \
        uint x = a[get_global_id(0)], steps = 0;                                \
        while (x != 1) {                                                        \
            x = x & 1 ? 3 * x + 1 : x / 2;                                      \
            steps++;                                                            \
        }                                                                       \
        a[get_global_id(0)] = steps;                                            \
    }                                                                           \
    WIDTH(N) kernel void nested_##N(global int *a, int n, int m)                \
    {                                                                           \
        int i = get_global_id(0), x = 0;                                        \
        for (int k = 0; k < n; k++) {                                           \
            int y = 0;                                                          \
            do {                                                                \
                y += a[i + k * y];                                              \
                if (y < 0)                                                      \
                    goto out;                                                   \
            } while (y < m);                                                    \
            x += y;                                                             \
        }                                                                       \
    out:                                                                        \
        a[i] = x;                                                               \
    }                                                                           \
    WIDTH(N) kernel void choice_##N(global int *a, int n)                       \
    {                                                                           \
        int i = get_global_id(0), x = a[i];                                     \
        switch (x) {                                                            \
        case 0: x = n; break;                                                   \
        case 1: x = a[i + 1];                                                   \
        case 2: x += 7; break;                                                  \
        case 17: x *= n; break;                                                 \
        case -5: return;                                                        \
        case 100: a[i + n] = x; break;                                          \
        default: x = -1;                                                        \
        }                                                                       \
        a[i] = x;                                                               \
    }                                                                           \
    WIDTH(N) kernel void calls_##N(global int *a, global const float *b, int n) \
    {                                                                           \
        int i = get_global_id(0), x = a[i];                                     \
        while (x > n)                                                           \
            x = step_of(x, n);                                                  \
        if (x & 2)                                                              \
            x += (int)weighted(b[i], b, n);                                     \
        a[i] = x;                                                               \
    }                                                                           \
    WIDTH(N) kernel void barriers_##N(global int *a, local int *b, int n)       \
    {                                                                           \
        int i = get_local_id(0);                                                \
        b[i] = a[get_global_id(0)];                                             \
        for (int k = get_local_size(0) / 2; k > 0; k /= 2) {                    \
            barrier(CLK_LOCAL_MEM_FENCE);                                       \
            if (i < k)                                                          \
                b[i] += b[i + k];                                               \
        }                                                                       \
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);                    \
        if (i == 0)                                                             \
            a[get_group_id(0)] = b[0];                                          \
    }

EACH(KERNELS)
