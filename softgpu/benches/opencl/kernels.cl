// Kernels that are run by the shader cores' model and by PoCL: see main.rs.

// Items on a side of a tile.
#define TILE 16
// Items of a group that sums, and values that each of them begins with.
#define ITEMS 256
#define EACH 16

// c = a b, of n by n floats, by groups of TILE by TILE items.
__attribute__((reqd_work_group_size(TILE, TILE, 1)))
kernel void product(global const float *a, global const float *b, global float *c, int n)
{
    local float left[TILE][TILE], right[TILE][TILE];
    int x = get_local_id(0), y = get_local_id(1);
    int column = get_global_id(0), row = get_global_id(1);
    float sum = 0;
    for (int from = 0; from < n; from += TILE) {
        left[y][x] = a[row * n + from + x];
        right[y][x] = b[(from + y) * n + column];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < TILE; k++)
            sum += left[y][k] * right[k][x];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    c[row * n + column] = sum;
}

// Adds ITEMS * EACH values for each group to *total.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
kernel void reduction(global const uint *values, global uint *total)
{
    local uint partial[ITEMS];
    int item = get_local_id(0);
    int first = get_group_id(0) * ITEMS * EACH + item;
    uint sum = 0;
    for (int k = 0; k < EACH; k++)
        sum += values[first + k * ITEMS];
    partial[item] = sum;
    for (int reach = ITEMS / 2; reach > 0; reach /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < reach)
            partial[item] += partial[item + reach];
    }
    if (item == 0)
        atomic_add(total, partial[0]);
}

// Does nothing.
kernel void nothing(void)
{
}
