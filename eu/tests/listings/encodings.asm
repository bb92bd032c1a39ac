        sel (16|M0)   (lt)f1.0   cr0.7<1>:f    r26.0<4;4,0>:f    r6.0<2;1,0>:f    {Compacted,$11.src}
        bfi2 (16|M0)             r157.0<1>:f   r159.0<8;1>:f     r22.5<8;1>:f      r65.0<1>:f       {Compacted,$15.dst}
(W)     sync.allrd                           ($0,$3,$7,$8,$9,$12,$14,$15,$17,$18,$19,$20,$22,$25,$26,$29,$31)                 {Atomic,@4,$3.dst}
        bfrev (8|M0)             sp.0<1>:f     mme7.0<0;1,0>:f                  {Compacted,@7,$10.dst}
(W)     or (16|M4)    (ge)f1.1   r[a0.10,-65]<4>:b  -(abs)a0.2<2;1,4>:df  ~r111.5<4;4,4>:w {$3}
(W&f0.1.any2h) addc (32|M12) (le)f0.1  acc0.12<2>:hf  r186.6<4;4,4>:f  0x366EB16F:ud        {@3,$13.dst}
        rndz (2|M8)   (un)f1.1   (sat)r244.5<4>:b  tdr0.3<2;2,2>:ud             {@5,$8.dst}
        mul (16|M0)              r243.7<1>:ud  (abs)r5.0<0;1,0>:ud  0xFC3:ud           {Compacted,$6.dst}
(W)     join (32|M8)                         1817363615                                 {@6,$2.dst}
(W&f0.1.all2h) not (2|M12) (le)f0.1  acc7.2<4>:uq  -(abs)a0.20<0;1,1>:ub        {$6.src}
(W&f0.1) shr (8|M28)  (gt)f0.1   f0.7<2>:d     (abs)msg0.11<16;1,2>:ub  0x93829B43:v        {AccWrEn,Atomic,Breakpoint,@5,$1.dst}
(~f1.0) calla (8|M24)            tm0.2         r86.3                            {@1,$15.dst}
        else (2|M24)                         -1973159807                  -3081771                 {$15.dst}
(W)     bfrev (1|M24)            r40.2<1>:d    cr0.7<8;1,0>:f                   {Atomic,$7}
        xor (8|M0)    (lt)f0.0   r32.1<1>:uw   ~r0.1<2;2,1>:uw   0x901:uw              {Compacted,@7,$13.dst}
(W)     mov (16|M16)             r96.3<1>:ud   acc0.3<8;8,1>:ud                 {Compacted,$14}
(f1.0.allv) while (4|M24)                    459716009                                 {Breakpoint,$15.src}
(W)     sel (1|M0)    (eq)f0.0   r49.6<1>:uw   -a0.6<0;1,0>:uw   null<4;4,0>:ub   {Breakpoint,Compacted,$5.dst}
        mad (8|M8)               null<1>:f     r33.6<8;1>:f      r32.0<8;1>:f      r125.0<0>:f      {Compacted,@4,$9.dst}
        bfi1 (8|M0)              r39.0<1>:d    r16.0<4;4,0>:d    r64.0<2;1,0>:d   {Compacted,@3,$6.dst}
(W)     mul (2|M16)   (gt)f0.0   (sat)r238.13<2>:hf  (abs)r171.3<32;2,2>:uq  r[a0.13,-343]<2,4>:d {AccWrEn,Atomic,Breakpoint,@3,$3.dst}
        cmp (16|M0)   (gt)f0.0   r16.0<1>:f    (abs)r160.0<8;8,1>:d  -f0.0<0;1,0>:ub {Compacted,$0}
(W&f1.1.any16h) fbl (4|M8)       r184.2<4>:w   msg0.13<8;4,4>:b                 {$10}
(W&f1.1.any8h) call (32|M12)     acc0.1        -424425148                                 {$3}
(f0.1)  cmpn (16|M0)             r160.0<1>:ud  -fc3.2<2;2,1>:ud  (abs)acc0.0<8;8,1>:ub {Compacted,$10}
        rndz (8|M8)              r240.0<1>:uw  r0.8<4;1,0>:uw                   {Compacted,@3,$10.dst}
(f1.1.allv) ror (8|M8)           r56.0<1>:q    r232.3<8;16,4>:df  0xCDDA24BA:v              {AccWrEn,Atomic,Breakpoint,@5,$12.dst}
(W)     mov (8|M16)   (lt)f1.0   msg0.4<2>:q   (abs)r113.0<2;16,2>:df           {Breakpoint,@6,$4.dst}
        if (2|M24)                           -1964470181                  1421124738                 {$7.dst}
(W)     bfrev (4|M24)            r195.15<4>:hf  r113.1<1;4,4>:q                 {AccWrEn,Atomic,Breakpoint,@3,$2.dst}
        shr (8|M8)               r64.0<1>:f    r97.0<4;4,1>:f    -r215.4<8;8,1>:f {Compacted,@7,$7.dst}
(W&~f1.0) join (4|M28)                       83250566                                 {Atomic,Breakpoint,$5.dst}
        shl (8|M24)              r64.5<1>:d    -r208.0<8;8,1>:d  1797:d               {Compacted,@2,$7.dst}
(W&~f0.0.any32h) frc (2|M0) (un)f0.0  ip.1<1>:f  -(abs)acc0.8<8;8,1>:w          {@7,$8.dst}
(W)     send.dc0 (8|M20)         r206     r16     null    a0.4        0x85C715B6           {@4,$15} // wr:2+0, rd:28; hword scratch block write x2
        brc (16|M16)                         1047385483                  1936179853                 {@6,$9.dst}
        xor (8|M0)    (eq)f0.0   r208.0<1>:uw  r96.0<4;4,1>:uw   0xA0B:uw              {Compacted,@1,$0.dst}
(W)     cbit (4|M20)             tdr0.0<1>:uq  r[a0.13,87]<0;16,1>:w            {@2,$12.dst}
        goto (2|M8)                          1787453807                  -1011707696                 {@7,$6.dst}
(f0.1)  rndu (16|M0)             r144.1<1>:f   -r32.0<2;2,1>:ud                 {Compacted,@1,$3.dst}
(f0.1.all4h) if (4|M0)                       1321182659                  -890653529                 {@6,$9.dst}
(W&f0.0.any2h) lzd (32|M28) (eq)f0.0  dbg0.1<4>:df  (abs)mme0.0<32;4,1>:df      {@4,$6.dst}
        cmpn (8|M0)   (eq)f0.0   r40.0<1>:d    -r80.0<0;1,0>:d   -2047:w               {Compacted,@2,$13.dst}
(~f1.1.all2h) or (1|M8)          n0.6<4>:d     ~a0.0<32;16,0>:df  (abs)r52.0<8;4,2>:uq {@6,$4.dst}
        endif (4|M16)                        -1679883401                                 {$0}
(W)     rndz (2|M0)              r160.3<1>:ud  -r160.3<8;8,1>:ud                {Compacted,@2,$2.dst}
(W)     rndz (32|M12) (ne)f0.0   r37.0<2>:d    0x30CBD755:vf                              {Atomic,@5,$10.dst}
        break (4|M4)                         542223599                  158998032                 {Breakpoint,@6,$15.dst}
        fbh (16|M0)              r49.0<1>:f    msg0.0<4;1,0>:f                  {Compacted,@7,$15.dst}
        or (16|M0)    (ge)f0.0   r160.0<1>:d   r192.0<4;4,1>:d   261:w               {Compacted,@6,$0.dst}
(~f1.0) mov (32|M0)              (sat)a0.0<1>:q  0xAF34CF65:uv                            {Atomic,@1,$2.dst}
        cont (8|M8)                          -554739697                  -1677220015                 {@1,$5.dst}
        join (4|M16)                         40361651                                 {@4,$15.dst}
(W)     add (8|M8)    (ge)f1.1   (sat)a0.1<1>:q  (abs)ce.13<8;4,2>:d  -(abs)fc0.19<32;8,1>:ub {@1,$8.dst}
        nop                                                 {@1,$2.dst}
        dp4a (8|M0)              (sat)tdr0.0<1>:f  r49.7<8;1>:f  r40.0<8;1>:f      r94.4<1>:f       {Compacted,@6,$2.dst}
(W)     join (32|M28)                        2069520666                                 {Breakpoint,@2,$3.dst}
(f0.0.any32h) if (16|M4)                     969007714                  -143880482                 {@3,$13.dst}
        rndz (8|M0)              r91.0<1>:uw   (abs)r123.0<0;1,0>:uw            {AccWrEn,Compacted,@3,$9.dst}
(W)     else (4|M0)                          107480046                  2024977737                 {@6,$7.dst}
(W)     or (16|M0)    (eq)f0.0   r33.0<1>:f    ~r48.3<0;1,0>:f   ~tm0.0<0;1,0>:ub {Compacted,$1.dst}
        while (8|M28)                        -1415250941                                 {Breakpoint,@6,$2.dst}
(W)     else (1|M20)                         1752844368                  -1650761167                 {@1,$15.dst}
(W&~f1.1.any4h) goto (32|M28)                -81914821                  426724858                 {@6,$3.dst}
(W)     brc (1|M20)                          -1548366130                  -1538867598                 {@5}
(W&f0.1.any32h) join (1|M20)                 -1455746355                                 {$9.src}
(f0.1.all2h) join (8|M20)                    1808011838                                 {$8.dst}
(W)     ret (4|M0)                           -1171482418                                 {@5,$13.dst}
        frc (1|M16)              r175.10<1>:uw  0x7D824264:f                              {@4,$9.dst}
        xor (16|M28)             sp.2<4>:df    -(abs)n0.5<4;2,2>:d  msg0.5<4;1,4>:d {@4,$12.dst}
        asr (16|M0)   (eq)f0.0   r208.0<1>:f   r176.24<4;4,1>:ub  -mme7.0<0;1,0>:ub {Compacted,@2,$1.dst}
(f0.0)  asr (16|M0)              r39.0<1>:f    r240.0<4;1,0>:ub  -(abs)null<0;1,0>:ub {Compacted,$12.src}
(W&~f0.0.all16h) brc (2|M0)                  fc3.26                           {@2,$15.dst}
(W&f0.0.all4h) brc (32|M16)                  676070354                  668210614                 {Breakpoint,$4.dst}
(f0.0.any16h) rnde (8|M0) (lt)f0.0  (sat)r69.14<4>:hf  0xC143F426:uv                      {Atomic,Breakpoint,@3,$0.dst}
        nop                                                 {$11.src}
(W)     add (2|M0)               msg0.0<1>:f   fc0.2<2;4,0>:f    r128.0<4;4,1>:f  {Compacted,@4}
        addc (16|M0)  (lt)f0.0   r211.0<1>:f   n0.0<0;1,0>:f     r96.6<4;4,1>:f   {Breakpoint,Compacted,@3,$15.dst}
(f1.1.all32h) brc (16|M4)                    1045036297                  454678712                 {@3,$14.dst}
(W&~f0.0.allv) add (1|M24)       r[a0.15,339]<1>:df  -r157.2<4;8,4>:df  (abs)r192.0<16;16,0>:q {@1,$4.dst}
        dp4a (16|M16)            (sat)r63.0<1>:f  r176.2<8;1>:f  r248.0<8;1>:f     r145.1<0>:f      {Compacted,$9.dst}
        rol (8|M8)    (ne)f0.1   r151.6<4>:uw  r75.6<8;16,1>:f   fc0.20<8;1,4>:f  {@2,$7.dst}
(W)     dp4a (1|M16)             (sat)n0.24<1>:ub  tdr0.9<0;4>:uw  tdr0.6<1;1>:d   r38.19<2>:b      {@4,$11.dst}
(f1.0.all8h) sendc.dc0 (2|M0)    r185     r63     null    0xAA9BCB00            0x04805500           {Atomic,Breakpoint,EOT,Serialize,@7,$2} // wr:2+12, rd:8; oword aligned block read x16
(f0.1.any32h) not (16|M8)        mme7.0<4>:df  -(abs)null<16;8,2>:df            {@2,$7.dst}
(W)     shl (1|M0)               r40.0<1>:ud   -mme0.0<2;2,1>:ud  -(abs)fc3.0<8;8,1>:ub {Compacted,@7,$6.dst}
        cmp (16|M0)   (lt)f0.0   r144.0<1>:f   fc3.0<8;8,1>:f    3.5:f               {Compacted,@3,$5.dst}
(W)     asr (8|M16)   (un)f1.0   r[a0.12,-471]<2>:f  -r241.13<32;8,2>:b  1005034996:d       {@2,$7.dst}
(W)     bfi2 (8|M0)              r107.0<1>:f   r164.0<8;1>:f     r37.0<0;0>:f      r184.3<0>:f      {Compacted,@1,$0.dst}
        sync.allwr                           ($3,$6,$7,$8,$11,$15,$16,$17,$23,$31)                 {@3,$10.dst}
(f1.1)  asr (16|M0)              r39.0<1>:f    r192.6<4;4,0>:d   fc3.24<0;1,0>:ub {Breakpoint,Compacted,$12.dst}
        fbh (16|M0)              r211.0<1>:f   r144.0<2;4,0>:ud                 {Breakpoint,Compacted,$7.src}
(W)     endif (16|M24)                       -1731992630                                 {Breakpoint,@7,$9.dst}
        illegal                
(W&f0.0.any8h) shr (2|M24) (un)f0.0  r[a0.10,53]<4>:ud  -(abs)r[a0.11,455]<2,2>:q  0xC5811D2D:v {@2,$13.dst}
(W)     dp4a (2|M24)             (sat)r75.2<2>:df  a0.1<8;2>:f   r137.0<4;2>:f     r114.0<4>:df     {@4,$5.dst}
(f1.1.all8h) sel (1|M28) (lt)f1.1  (sat)sp.0<1>:ub  -(abs)r154.3<32;4,2>:uq  (abs)r160.1<0;16,2>:f {AccWrEn,Atomic,Breakpoint,$0}
(f1.0)  mul (16|M0)              r166.0<1>:d   r129.0<4;1,0>:d   -971:w               {Compacted,@3,$5.dst}
(f0.1)  mach (16|M0)             r32.0<1>:f    r80.14<2;1,0>:uw  sp.0<2;1,0>:ub   {Compacted,$4}
        xor (32|M12)             r[a0.8,-205]<4>:w  (abs)ip.1<1;2,1>:uw  ~n0.20<2;16,0>:ub {AccWrEn,$0}
        cbit (8|M0)              r56.0<2>:f    r165.0<2;2,1>:f                  {Compacted,@3,$13.dst}
        fbh (4|M20)              r196.14<2>:hf  acc7.10<16;16,0>:hf             {$8.src}
(W)     lzd (32|M8)   (gt)f0.0   dbg0.1<1>:f   -(abs)r194.1<0;16,1>:uw          {Atomic,$3}
(f0.0.all16h) fbl (4|M16)        r164.2<2>:d   msg0.19<2;16,2>:uq               {@3,$15.dst}
(W&~f1.0.all4h) add (1|M24) (lt)f1.0  (sat)ip.2<1>:uq  r[a0.14,252]<8,0>:ub  -mme7.7<32;4,0>:ud {@6,$7.dst}
        lzd (8|M0)    (eq)f1.0   r[a0.7,-21]<2>:f  -(abs)r26.8<2;8,4>:ub        {Breakpoint,$15.dst}
        rndd (4|M4)   (eq)f0.1   (sat)tm0.14<4>:w  0xF7FF:uw                          {@3,$15.dst}
(W&~f0.1.any32h) send.dc1 (1|M0)   r253   r194    null    0xA70C5FC0            a0.0       {Atomic,Breakpoint,EOT,Serialize,$8.src} // wr:a0.0[28:25]+31, rd:a0.0[24:20]
(W)     mad (4|M12)   (un)f1.1   dbg0.0<1>:b   r159.8<1;0>:w     (abs)r108.2<1;2>:ud  -(abs)r136.2<4>:d {@6,$8.dst}
        rndu (8|M0)              r105.5<4>:ud  r160.1<2;8,0>:hf                 {AccWrEn,@7,$4.dst}
(~f1.1.all8h) rol (1|M8) (gt)f1.1  mme0.22<2>:b  mme7.1<32;16,0>:ud  0xBFBEAC7A:v           {AccWrEn,Breakpoint,@2,$2.dst}
(W)     shr (16|M0)   (ge)f0.0   r123.0<1>:uw  r7.0<2;4,0>:uw    0xA5F:uw              {Compacted,@2,$14.dst}
        mac (32|M24)  (le)f0.0   tm0.1<1>:df   -(abs)r[a0.8,-201]<16,4>:df  (abs)fc0.2<8;4,1>:q {@4,$2.dst}
        bfi2 (8|M0)              r47.0<1>:f    r208.7<8;1>:f     ip<8;1>:f         r192.5<1>:f      {Compacted,@2,$11.dst}
(W&f1.0) and (32|M8)  (gt)f1.0   r78.14<4>:uw  -(abs)r226.3<4;1,4>:uw  (abs)r191.5<32;2,1>:ud
(~f1.1.any16h) rndu (8|M12)      (sat)sr0.0<2>:df  (abs)f0.3<8;8,2>:ud          {AccWrEn,Atomic,Breakpoint,@3,$8.dst}
(W)     cmpn (1|M0)   (eq)f0.0   r203.0<1>:ud  -(abs)r242.0<8;8,1>:ud  -r63.0<4;4,0>:ud {Compacted,$8}
        endif (2|M28)                        1800624665                                 {@4}
(W)     while (4|M28)                        1005716063                                 {Atomic,@6,$11.dst}
        goto (8|M0)                          -61437101                  615298850                 {@1,$0.dst}
(W&f0.1.any8h) rol (8|M0) (eq)f0.1  msg0.19<4>:b  cr0.2<0;16,2>:q  r64.5<8;2,0>:hf {@2,$4.dst}
        movi (32|M28)            r236.0<4>:df  r[a0.3,-344]<1;16,4>:uw  null.3<1;4,0>:q {@6,$1.dst}
(W)     calla (2|M4)             f0.6          -1087145451                                 {Breakpoint,@5,$2.dst}
(~f0.1.all2h) cbit (4|M8)        r[a0.12,418]<1>:q  a0.5<1;4,4>:w               {@7,$14.dst}
(f0.1.anyv) shl (32|M12) (eq)f0.1  r4.1<4>:d   -(abs)r23.2<8;4,4>:q  (abs)sp.2<16;8,4>:q {@6,$12.dst}
(W)     shr (1|M20)              (sat)fc3.0<1>:df  acc7.1<1;2,1>:d  -a0.0<1;16,2>:ub {Atomic,@7,$12.dst}
        fbh (4|M12)              mme0.2<2>:uq  r166.3<32;1,1>:df                {$12.dst}
        brc (1|M24)                          -1525111784                  1863627766                 {Atomic,Breakpoint,@6,$8.dst}
(W)     bfi2 (1|M28)             fc0.0<2>:uw   acc7.2<0;4>:ud    sr0.0<0;0>:ub     acc0.1<0>:uw     {$3.dst}
(W)     mad (1|M20)   (lt)f1.1   (sat)r196.12<2>:hf  cr0.4<4;1>:f  r153.2<4;2>:df  -mme0.3<1>:f     {Atomic,@2,$11.dst}
        not (8|M0)               acc7.0<1>:d   r112.0<8;8,1>:d                  {Compacted,@1,$7.dst}
(f1.1.all2h) brc (1|M28)                     -1902734809                  1927768913                 {@4,$0.dst}
(W&f1.0.anyv) cbit (32|M28)      fc3.4<1>:q    ip.26<4;4,2>:ud                  {$3}
(W&~f1.0.all2h) cmp (16|M28) (eq)f1.0  r84.1<2>:q  (abs)r115.0<2;4,0>:d  (abs)r69.7<32;2,0>:f {Atomic,Breakpoint,@7,$14.dst}
(W)     else.b (16|M12)                      -1440128771                  -1470589729                 {Atomic,Breakpoint,@7,$13.dst}
(~f1.1.any32h) add (1|M16)       r24.15<4>:w   (abs)r[a0.10,295]<32;2,4>:df  tm0.4<1;16,0>:hf {Atomic,Breakpoint,@2,$9.dst}
        rndz (8|M0)              (sat)r211.0<1>:w  r47.2<4;1,0>:uw              {Compacted,@7,$11.dst}
(W&~f0.1.all2h) fbh (16|M0)      r163.4<4>:ud  0x98D3148B:f                               {AccWrEn,Breakpoint,@3,$12.dst}
(W)     rndu (32|M20)            sp.4<1>:hf    r125.4<1;2,1>:b                  {AccWrEn,@5,$4.dst}
        illegal                
        brc (2|M16)                          504169141                  -25951539                 {@1,$4.dst}
(W)     send.smpl (2|M8)         r219     r179    r246    a0.5        0xD74121D8           {Breakpoint,$0.src} // wr:11+a0.5[10:6], rd:20; unknown simd mode 16b ? using sampler index 1
        mach (32|M4)             msg0.31<4>:uw  r19.1<4;2,4>:uq  -17104:w               {Breakpoint,$15.dst}
(W)     cbit (32|M24)            r33.1<1>:q    r176.3<4;8,4>:ud                 {@2,$15.dst}
        bfi1 (16|M16)            acc6.0<1>:f   acc1.0<2;1,0>:f   0x17E00000:f               {Compacted,@3,$7.dst}
        brd (8|M24)                          -1176871028                                 {Breakpoint,@1,$3.dst}
(~f1.1.all2h) mac (1|M24) (ge)f1.1  (sat)acc7.7<2>:ud  (abs)r[a0.6,78]<1,2>:uq  (abs)acc7.15<2;4,1>:w {AccWrEn,@4,$9.dst}
(W)     if (4|M4)                            -1673666128                  36398723                 {Atomic,@4,$8.dst}
(f0.0)  mov (16|M0)              sr0.6<1>:f    r96.0<8;8,1>:f                   {Compacted,$1.src}
(W)     dp4a (16|M0)  (ne)f1.0   fc3.24<2>:d   r237.4<4;1>:ud    r90.2<8;0>:uw     r70.14<4>:w      {AccWrEn,Atomic,Breakpoint,@1,$7.dst}
(f0.1.allv) shl (8|M4) (ov)f0.1  r[a0.4,-278]<4>:uw  -fc0.28<2;2,0>:w  (abs)ip.2<2;16,2>:d {@1,$5.dst}
(W)     ror (2|M0)               r112.5<1>:f   r176.0<2;1,0>:f   r64.0<8;8,1>:f   {Breakpoint,Compacted,$15}
        cmp (32|M0)   (ge)f1.1   null.1<1>:uq  (abs)fc3.10<4;1,0>:uw  r250.25<2;2,2>:ub {@7,$14.dst}
(~f0.0.all16h) cont (2|M8)                   -2048676379                  1489087190                 {Breakpoint,@1,$10.dst}
(W&~f1.1.all32h) bfrev (2|M20)   r[a0.0,201]<1>:d  0x969AEC860BC57207:uq                          {@3,$10.dst}
        dp4a (32|M24) (le)f0.1   r211.8<1>:b   ce.4<4;2>:ub      msg0.11<0;1>:b    acc0.2<0>:ud     {@5,$8.dst}
        illegal                
(W)     else (16|M16)                        -773253487                  -1558146794                 {@6,$15.dst}
(W&~f1.1.allv) join (4|M8)                   -855485221                                 {@2,$11.dst}
        ror (16|M0)   (ge)f0.0   r192.0<1>:ud  r[a0.6]<1,0>:ud   mme7.16<4;4,1>:ub {Compacted,@4,$11.dst}
        rnde (16|M0)  (ne)f0.0   fc3.12<1>:f   a0.3<1;1,0>:f                    {Compacted,$0}
(W)     csel (8|M4)   (ne)f0.1   tm0.24<1>:ub  r140.14<8;0>:b    -(abs)r186.18<1;2>:b  -(abs)f0.5<1>:w {Atomic,Breakpoint,@3,$3.dst}
        mach (16|M0)             n0.0<1>:f     -acc7.3<2;2,1>:f  -r16.0<4;4,1>:f  {Compacted,$14}
        mov (8|M0)               r32.0<1>:d    -r49.0<8;8,1>:ud                 {AccWrEn,Compacted,@4,$1.dst}
        while (32|M8)                        -495413694                                 {@1,$7.dst}
(W)     avg (4|M20)   (ge)f0.0   (sat)r182.19<1>:b  -(abs)f1.7<8;2,0>:w  -fc0.14<32;8,0>:ub {@5,$4.dst}
(W)     calla (4|M24)            r252.7        -508410932                                 {@6,$2.dst}
(~f1.0.anyv) if (4|M16)                      -1451099564                  -249437911                 {Breakpoint,$1.src}
(W)     rndd (32|M24) (ov)f1.0   r163.10<1>:w  -null.4<2;4,2>:d                 {AccWrEn,Atomic,Breakpoint,$4}
(W&~f1.0) cmp (2|M24) (gt)f1.0   a0.4<4>:ud    -(abs)f1.1<16;4,1>:df  -(abs)acc1.0<1;1,4>:uq {@5,$7.dst}
        avg (8|M0)    (lt)f0.0   tm0.0<1>:f    -sr0.2<2;2,1>:f   0x21800000:f               {Compacted,@4,$1.dst}
        csel (2|M28)  (ne)f1.0   msg0.24<1>:ud  -(abs)r109.4<1;0>:ud  mme0.26<4;0>:ub  -(abs)sr0.31<4>:ub {AccWrEn,Breakpoint,@1,$1.dst}
        xor (16|M0)   (lt)f0.0   mme7.0<1>:f   r47.2<4;4,1>:f    r128.0<2;1,0>:f  {Compacted,@4,$7.dst}
(W)     or (4|M12)    (le)f1.1   r184.3<1>:q   -(abs)dbg0.2<0;8,1>:w  ~r147.4<4;2,4>:f {@2,$0.dst}
(f1.0.any16h) sel (8|M24) (un)f1.0  fc0.4<2>:hf  -(abs)r195.9<4;4,0>:w  (abs)f0.3<2;8,4>:ub {@2,$6.dst}
(W)     brd (32|M28)                         -2050493506                                 {@6,$1.dst}
(f0.1)  rndd (16|M0)             r176.0<1>:f   r9.0<1;1,0>:f                    {Compacted,@7,$0.dst}
        cmp (4|M16)              r22.2<4>:f    -r119.5<4;2,1>:uw  0x8E6DE263:f              {AccWrEn,Atomic,@2,$11.dst}
(f0.0.any2h) bfi1 (8|M24)        r67.4<4>:f    a0.1<4;4,4>:ub    0xA7A02A3D:uv              {@7,$3.dst}
(W&f1.0.all4h) send.dc2 (4|M16)   null    null    r100    0x5A460140            0x26B9FA96           {Atomic,Breakpoint,Serialize,@2,$5} // wr:3h+5, rd:11; ?
(W&f1.0.all32h) xor (1|M28)      r103.1<1>:uq  -(abs)r242.9<2;2,0>:ub  0xC7CFECA8:vf        {@6,$9.dst}
(W)     frc (1|M0)               r160.0<1>:d   (abs)r208.2<0;1,0>:d             {Compacted,@3,$7.dst}
(W)     add (16|M0)   (lt)f0.0   r40.2<1>:f    -(abs)r208.0<8;8,1>:ud  (abs)mme7.0<0;1,0>:ub {Compacted,$15.dst}
(W)     bfrev (16|M0)            r0.0<1>:f     r160.0<2;2,1>:f                  {Compacted,@7,$14.dst}
        movi (16|M0)             r240.0<2>:f   -r49.0<0;1,0>:f   -(abs)cr0.24<0;1,0>:ub {Compacted,@7,$3.dst}
        bfi2 (16|M0)             r96.0<1>:f    r141.0<8;1>:f     r218.0<8;1>:f     r1.3<1>:f        {Compacted,@4,$15.dst}
        mov (16|M20)  (ne)f1.0   (sat)dbg0.2<1>:df  -(abs)r32.4<2;4,0>:uw       {AccWrEn,Breakpoint,@3,$7.dst}
(W)     cmp (32|M28)  (ne)f0.1   r205.12<2>:b  -(abs)fc0.1<16;1,4>:d  0x999BC859:vf         {AccWrEn,Atomic,Breakpoint,@2,$9.dst}
        rndu (16|M0)             (sat)r16.0<1>:ud  dbg0.0<2;2,1>:ud             {Compacted,@2,$3.dst}
(W)     subb (1|M28)  (ne)f1.0   (sat)acc0.7<1>:d  r49.6<1;4,4>:ud  r99.4<4;2,4>:f {@5,$8.dst}
(W)     mach (16|M0)             r40.0<1>:uw   r208.0<4;4,1>:uw  0x288:uw              {Breakpoint,Compacted,$6.dst}
        mach (16|M0)             ip<1>:ub      sr0.2<4;1,0>:ub   null<2;2,1>:ub   {Compacted,@4,$7.dst}
        sendc.dc1 (32|M24)       null     r159    r178    0x9F312700            0x02A2AA98           {@4,$7} // wr:1+28, rd:10; media block write with vertical line stride override and offset
        cmp (2|M0)               r4.14<2>:uw   (abs)r[a0.9,-66]<16;4,2>:d  (abs)null.7<0;1,4>:f {$9.src}
        endif (32|M24)                       530836767                                 {Atomic,Breakpoint,@5,$1.dst}
        rndu (16|M0)             (sat)r33.0<2>:ud  r176.0<4;1,0>:ud             {Compacted,@7,$3.dst}
        endif (2|M12)                        456399159                                 {Breakpoint,@7,$3.dst}
(f1.1)  add (16|M0)              r20.1<2>:ud   r200.1<2;1,0>:ud  -(abs)r104.0<0;1,0>:ud {Compacted,@5,$7.dst}
        mac (16|M16)             a0.0<1>:hf    r112.1<16;2,4>:b  -(abs)r139.12<2;8,0>:b {$4.src}
        shr (8|M24)              r112.0<1>:ud  -r160.0<0;1,0>:ud  r128.7<2;1,0>:ud {Compacted,@3,$14.dst}
        else (2|M0)                          2073072687                  -1757714057                 {Breakpoint,@4,$8.dst}
(W)     bfe (8|M28)              r225.4<1>:hf  36.0625:hf               null.5<1;4>:f     r186.0<2>:df     {$9.src}
(W)     and (32|M12)  (ov)f0.1   r196.7<2>:uw  r33.1<2;8,2>:q    -(abs)mme0.14<8;1,4>:hf {@1,$1.dst}
(W)     mac (1|M0)    (eq)f0.0   r49.5<1>:ud   r[a0.1,1]<1,0>:ud  0xB0E:ud             {Compacted,@5,$5.dst}
(W&f1.1.all8h) ret (8|M20)                   1732061472                                 {$12.dst}
(~f0.1.any8h) dp4a (8|M16)       r251.0<2>:df  n0.0<8;2>:df      msg0.2<4;1>:hf    r190.3<4>:df     {$2.src}
        mach (4|M24)             r[a0.13,153]<2>:uq  r225.13<0;8,1>:w  -r49.2<32;16,4>:df {$3.src}
        rndz (1|M0)              r144.0<1>:d   r108.7<1;1,0>:d                  {Breakpoint,Compacted,@5,$7.dst}
(W)     cbit (2|M24)             r110.12<2>:uw  37280.0:hf                             {@5,$10.dst}
(W&f1.1.any16h) cbit (32|M24)    tm0.5<4>:ud   0x35AFBB2D:uv                              {@2,$2.dst}
(W)     mac (4|M24)              r[a0.9,133]<1>:hf  (abs)mme7.3<1;1,0>:d  -acc7.0<32;2,1>:b {@6,$0.dst}
(W&f1.1.all32h) or (8|M4) (le)f1.1  r75.2<4>:uq  (abs)a0.0<8;4,1>:uq  -1058305931:d          {Atomic,Breakpoint,@3,$3.dst}
(W)     brd (8|M4)                           -1650948164                                 {@2,$5.dst}
(W)     fbh (16|M0)              r79.0<1>:f    r37.0<1;1,0>:uw                  {Compacted,@5,$9.dst}
        frc (8|M24)              r211.0<1>:w   -r176.1<8;8,1>:uw                {Compacted,@2,$12.dst}
(~f1.1.all32h) sel (1|M0) (ge)f1.1  (sat)r53.3<1>:df  r21.7<4;4,1>:ub  (abs)r[a0.13,-230]<0;2,4>:uw {@4,$4.dst}
(W&f0.0.any4h) ret (8|M24)                   1666587357                                 {Atomic,Breakpoint,@3,$15.dst}
        rnde (8|M0)              sr0.0<1>:d    r192.5<2;4,0>:d                  {Compacted,$0}
        sel (4|M16)   (le)f1.1   r76.2<1>:ud   -r208.18<8;16,0>:ub  -(abs)sp.7<0;4,2>:hf {@7,$13.dst}
        bfi2 (8|M8)              acc1.0<1>:f   r40.0<8;1>:f      r208.0<8;1>:f     r249.0<1>:f      {Compacted,@1,$0.dst}
        bfrev (8|M20)            r217.15<2>:uw  r70.2<16;16,4>:uq               {@6,$4.dst}
        mov (16|M12)             r230.3<4>:f   0x515A6B43:v                               {Atomic,@2,$12.dst}
(W)     while (4|M28)                        -524476372                                 {@4,$10.dst}
(W&~f0.1.all16h) movi (16|M4)    (sat)r[a0.1,319]<1>:uw  -(abs)r[a0.11,-70]<8,4>:f  -(abs)r114.7<8;4,0>:ub {Atomic,$11.src}
(W)     mac (32|M16)  (le)f0.1   fc3.14<1>:hf  (abs)r207.11<8;1,0>:w  0x5DA64A3A:vf         {@6,$14.dst}
        and (16|M24)             sp.3<2>:q     f1.0<32;8,4>:uq   -(abs)tdr0.6<1;1,1>:w {AccWrEn,Atomic,$5}
(W)     fbh (16|M24)             fc3.12<4>:w   r[a0.12,-389]<8,2>:hf            {@6,$12.dst}
(W)     mul (4|M12)   (lt)f0.0   (sat)a0.2<1>:q  -a0.3<32;8,1>:df  -r227.5<8;16,4>:ud {@4,$2.dst}
(W)     bfi2 (8|M24)             r208.0<1>:f   r240.0<8;1>:f     r0.5<8;1>:f       r152.0<0>:f      {Compacted,$6}
(W)     bfi1 (16|M0)             r52.0<2>:ud   r134.4<8;8,1>:ud  r186.0<4;4,0>:ud {Compacted,$13.dst}
(W&~f1.0.any8h) rndz (1|M24) (le)f1.0  acc0.0<2>:df  r176.1<0;2,2>:f            {Atomic,$9.src}
(W)     asr (8|M8)               (sat)tdr0.11<4>:b  -r167.15<1;1,0>:b  6.822968e-24:f         {AccWrEn,Atomic,Breakpoint,@1,$9.dst}
        illegal                
(W)     rndu (16|M0)  (eq)f0.0   r64.0<2>:ud   r208.7<2;4,0>:ud                 {Compacted,@6,$7.dst}
(W&~f1.0.any32h) ror (32|M12)    dbg0.14<1>:uw  a0.13<32;16,0>:w  0x2358755C:ud             {$6.src}
        illegal                
(~f1.0.any32h) sel (4|M4) (le)f1.0  sr0.1<4>:uq  -(abs)r234.2<0;4,2>:df  -(abs)r[a0.1,380]<1;1,4>:ub {@5,$12.dst}
(W)     frc (1|M4)    (le)f0.0   r51.2<2>:f    0x3EF0F77:vf                              {Atomic,$9.dst}
(W&~f0.1.all4h) mad (16|M20) (ov)f0.1  (sat)r29.12<1>:hf  5.72024e-41:f     -n0.4<8;1>:f      r131.1<2>:df     {AccWrEn,Breakpoint,@6,$1.dst}
(W)     bfe (8|M8)               f0.0<1>:f     r80.4<8;1>:f      cr0.0<8;1>:f      r98.0<1>:f       {Compacted,@7,$10.dst}
(W&f0.0.any16h) add (4|M28) (gt)f0.0  (sat)f0.2<4>:uw  -(abs)fc0.1<2;4,0>:q  -(abs)r216.6<1;2,2>:b {@1,$7.dst}
(f1.1)  bfe (4|M24)              r52.3<2>:df   ip.8<1;0>:hf      sp.1<8;1>:df      fc3.29<0>:hf     {@7,$6.dst}
(W)     bfi2 (2|M0)              tdr0.8<1>:hf  r198.3<0;0>:df    r179.10<0;4>:hf   cr0.1<4>:hf      {AccWrEn,Breakpoint,@5,$5.dst}
        fbl (8|M8)               f1.10<4>:w    acc1.31<16;2,0>:ub               {Atomic,$4}
        halt (16|M20)                        -19062055                  577551466                 {@7,$9.dst}
(W&f1.1.any2h) join (1|M20)                  204909902                                 {$1}
(W&~f1.0.any4h) rnde (4|M12) (un)f1.0  (sat)r85.5<1>:f  ip.20<2;4,0>:b          {@6,$6.dst}
        cont (16|M24)                        1360981688                  1346395203                 {@1,$12.dst}
(W&~f0.1.all32h) bfe (8|M8)      mme7.3<1>:df  mme0.1<8;1>:df    r95.3<4;1>:df     sr0.4<0>:hf      {@4,$11.dst}
        else (4|M24)                         362114114                  666898313                 {@3,$11.dst}
(W&~f1.0.all32h) fbh (8|M20)     r43.10<2>:hf  r114.13<1;16,2>:hf               {@2,$11.dst}
        illegal                
(f0.0)  rndd (8|M4)   (eq)f0.0   (sat)f1.15<4>:hf  0xB7062CFA:v                           {@3,$11.dst}
        rndu (8|M0)   (lt)f0.0   r32.0<1>:ud   r204.0<1;1,0>:ud                 {Compacted,$4.src}
        call (8|M0)              r107.4        -920302667                                 {@3,$7.dst}
(W&~f1.0.allv) asr (16|M12) (ne)f1.0  (sat)r37.3<1>:d  a0.1<4;8,0>:uq  r148.0<4;1,1>:uq {AccWrEn,Breakpoint,$10.dst}
        bfi1 (32|M8)             fc3.3<1>:f    r130.1<0;1,2>:uq  0x37C0F87A:uv              {@1,$4.dst}
(W&f0.0.any8h) add (8|M0) (gt)f0.0  r39.1<4>:q  -(abs)acc7.22<16;8,1>:ub  (abs)r115.18<0;8,4>:b {AccWrEn,Atomic,$8.src}
        rndz (1|M20)  (ov)f0.0   (sat)dbg0.2<2>:uq  r173.0<8;8,1>:df            {$7}
        dp4a (16|M16)            acc1.0<1>:f   r160.7<0;0>:f     r47.0<8;1>:f      r164.6<0>:f      {Compacted,$9.src}
        else (16|M16)                        -703088192                  -1538664881                 {@5,$5.dst}
(W&~f0.0.all32h) ret (32|M12)                a0.6                             {$13}
(W&f1.1.all8h) mul (32|M12)      (sat)r190.5<2>:uw  r191.3<8;1,0>:uq  -(abs)tdr0.2<8;8,0>:uq {@3,$6.dst}
(W&f0.0.any16h) addc (32|M8) (un)f0.0  r242.2<4>:q  r64.9<1;2,1>:uw  -1.166875e+02:hf          {@4,$2.dst}
(W)     cont (16|M20)                        1902722773                  -1718348852                 {@2,$8.dst}
        ret (2|M12)                          394729488                                 {Breakpoint,@6,$9.dst}
(W)     mach (16|M16)            r230.1<1>:d   -(abs)r77.14<2;8,0>:w  -(abs)r[a0.13,443]<32;2,1>:uw {$0.src}
        sel (16|M0)   (lt)f0.0   r4.0<1>:f     sr0.0<4;4,0>:f    0xA1D00000:f               {Compacted,$2.dst}
        dp4a (16|M0)             r157.0<1>:f   r247.0<8;1>:f     r178.3<8;1>:f     r160.0<1>:f      {Compacted,@3,$12.dst}
        addc (8|M0)              r160.0<1>:d   r[a0.13,1]<1,0>:d  r16.5<8;8,1>:d  {Compacted,@3,$12.dst}
(f0.0.allv) cbit (2|M24)         r67.1<1>:f    r[a0.11,-224]<4,4>:uq            {$9.src}
        add (2|M0)    (lt)f1.1   acc0.0<1>:f   -r200.27<32;2,2>:ub  21804:w            {AccWrEn,@2,$6.dst}
(W)     endif (4|M8)                         -219297104                                 {Atomic,$13.src}
        mac (16|M8)   (lt)f1.1   r84.7<4>:f    (abs)tdr0.0<0;8,2>:df  (abs)mme7.20<2;2,4>:ub {$12}
        mov (8|M24)   (un)f0.1   r13.9<1>:w    -(abs)r172.1<32;8,2>:b           {AccWrEn,Atomic,Breakpoint,$9.dst}
(f1.0.any8h) brc (1|M28)                     -142629977                  -2144688405                 {@5}
        movi (4|M28)             (sat)r[a0.9,303]<1>:d  -acc1.1<0;16,1>:w  -(abs)r[a0.12,-18]<2;2,0>:ud {AccWrEn,Atomic,$11.src}
(W&~f0.0.any32h) rndu (32|M8)    (sat)r105.2<1>:ud  1.152482e+30:f                          {@7,$11.dst}
        nop                                                 {@5,$2.dst}
(W)     asr (32|M0)   (eq)f0.0   r3.13<1>:uw   -(abs)r[a0.5,18]<4;4,4>:f  1159034297:d      {@1,$0.dst}
(~f1.0.any2h) sendc.smpl (8|M0)   r101    null    r66     0x4BF13D40            0xCBC7D933           {Atomic,Breakpoint,EOT,Serialize,@2,$1} // wr:5+21, rd:28; simd32/64 16b ? using sampler index 9
(W)     rndz (2|M24)  (le)f0.1   (sat)r165.3<2>:ud  -fc0.15<4;1,4>:w            {Breakpoint,$4.src}
        bfi1 (32|M16)            r23.0<2>:df   r[a0.6,302]<16;8,0>:hf  a0.4<1;8,1>:f {$1}
(f1.1.anyv) rndu (32|M12)        r79.1<2>:f    (abs)r225.1<4;8,1>:q             {Atomic,Breakpoint,@2,$1.dst}
        mac (2|M20)   (un)f0.0   (sat)r104.15<1>:hf  -r190.3<1;1,4>:ud  r225.15<1;1,2>:ub {@1}
(W&f1.1.all16h) mad (1|M20) (le)f1.1  (sat)r105.24<1>:b  r54.6<4;1>:d  (abs)ce.1<1;2>:d  cr0.11<0>:w {Atomic,@7,$4.dst}
        dp4a (16|M28) (un)f0.1   ce.16<1>:f    mme7.0<8;0>:hf    r234.0<1;0>:df    null.11<1>:hf    {$9.src}
(W&f0.0.all2h) rndz (8|M12) (un)f0.0  r203.3<1>:uq  -r97.9<2;1,4>:b             {@7,$5.dst}
(W)     shr (16|M0)   (eq)f0.0   r158.0<1>:d   -r203.0<0;1,0>:d  1292:d               {Compacted,@6,$11.dst}
        bfi1 (16|M0)             r192.0<1>:f   r40.0<2;1,0>:f    -1.717987e+10:f               {Compacted,@7}
        nop                                                 {Breakpoint,@2,$6.dst}
        rol (16|M0)              r176.1<2>:f   r39.0<1;1,0>:f    mme7.0<0;1,0>:ub {Breakpoint,Compacted,@5,$9.dst}
(W)     mad (2|M24)   (le)f0.1   r123.12<1>:uw  (abs)sr0.7<1;0>:d  -r138.11<4;4>:ub  r223.22<2>:b   {@2,$11.dst}
        fbh (8|M0)               r16.2<1>:f    r33.0<1;1,0>:uw                  {Compacted,@7,$0.dst}
(f0.1.any2h) dp4a (2|M16) (gt)f0.1  (sat)r36.0<2>:hf  a0.10<1;1>:hf  acc1.1<1;0>:hf  sr0.2<0>:f     {Atomic,Breakpoint,@6,$10.dst}
        rndd (32|M8)  (ne)f0.1   n0.13<1>:w    (abs)r192.0<8;2,4>:q             {AccWrEn,Atomic,Breakpoint,@7,$9.dst}
        mac (4|M8)    (un)f0.1   (sat)mme0.8<2>:w  -(abs)r151.3<0;1,1>:q  -3656:w      {@7,$5.dst}
        else (8|M20)                         304616203                  -1505594718                 {@6,$0.dst}
        csel (1|M8)   (ge)f1.0   r29.4<1>:w    sr0.24<0;4>:ub    -msg0.11<1;0>:d   (abs)ip.19<0>:w  {@6,$6.dst}
        brd (1|M20)                          596642845                                 {@7,$10.dst}
        brd (4|M24)                          -769858795                                 {$4.src}
(W&f0.0.anyv) frc (16|M4) (eq)f0.0  acc7.7<2>:hf  0x61FE800A:vf                           {@4,$7.dst}
        while (32|M20)                       -833474403                                 {@4,$12.dst}
(W)     rndd (8|M8)   (eq)f0.1   (sat)sp.15<2>:hf  -(abs)a0.0<8;4,2>:hf         {$7}
(W)     fbl (16|M4)              ce.24<1>:b    r[a0.12,-431]<16;4,4>:f          {@5,$0.dst}
(f0.0.all16h) mac (2|M16) (ne)f0.0  r121.7<4>:ud  (abs)msg0.24<2;8,2>:ub  -9.391785e-03:hf     {@6,$0.dst}
(W)     send.cre (32|M16)        null     r56     r10     0xADAAE440            0x005E08AF           {Atomic,Breakpoint,EOT,@4,$14} // wr:0h+17, rd:5; ?
(W&~f1.0) and (1|M24) (un)f1.0   r[a0.15,-112]<2>:q  (abs)r4.16<2;2,0>:b  r115.4<0;1,0>:f {@2}
        bfi2 (8|M8)              n0.0<1>:f     r32.2<0;0>:f      r240.0<0;0>:f     r233.0<0>:f      {Compacted,$4.src}
(W&f0.0) rndz (4|M24)            r[a0.15,-78]<2>:d  0xC4F4B844:uv                         {@2,$10.dst}
(f1.0.any16h) join (16|M4)                   2111928965                                 {$11}
(W&~f0.0) call (1|M20)           n0.5          -375340531                                 {@1,$10.dst}
        fbl (1|M8)               dbg0.13<4>:w  -196901300:d                               {AccWrEn,@5,$3.dst}
        add (2|M4)    (ov)f1.0   n0.2<2>:uq    ip.1<32;16,2>:uw  0x9BC6:hf              {Breakpoint,$8}
        csel (8|M24)             r78.0<1>:f    r134.5<8;1>:f     -r16.0<8;1>:f     r95.0<1>:f       {Compacted,@5,$7.dst}
(W&f1.1.any16h) if (4|M24)                   1448877631                  1830564310                 {@3,$14.dst}
        asr (16|M0)   (gt)f0.0   sp.1<1>:f     -r192.0<0;1,0>:f  (abs)r40.0<0;1,0>:f {Compacted,@1,$14.dst}
        rnde (8|M0)              r95.0<1>:w    r18.4<4;1,0>:uw                  {AccWrEn,Compacted,@7,$9.dst}
        sync.nop                             null                             {Compacted,$14.dst}
(f1.0.any2h) sendc.dc1 (2|M4)    null     null    null    0xCA727C00            0x0D1B4759           {EOT,$8.src} // wr:6h+16, rd:17; typed surface write with w; ???
        or (32|M16)   (ge)f1.0   r152.20<4>:ub  r130.2<0;16,2>:uq  -(abs)dbg0.6<8;2,4>:hf {$14.dst}
        fbl (1|M0)               r40.3<2>:f    r1.1<16;4,4>:uq                  {Atomic,$5.src}
(W&f1.1.anyv) brd (2|M24)                    928422299                                 {@4,$12.dst}
        add (8|M0)    (ge)f0.0   r144.0<1>:d   -r144.6<2;2,1>:f  cr0.0<8;8,1>:ub  {Breakpoint,Compacted,@6,$9.dst}
(W&f1.1.any8h) mov (1|M8) (eq)f1.1  f0.4<2>:f  -r[a0.12,279]<8,4>:b             {@1,$2.dst}
(W)     bfi2 (8|M20)             r151.8<1>:b   acc1.2<4;0>:w     r224.26<1;2>:b    n0.4<2>:b        {@1}
(W&f1.1.allv) brc (2|M28)                    -1317868461                  53356336                 {Atomic,$15}
        not (1|M4)               null.3<1>:d   0x70BC35375938F5A:df                              {@6,$13.dst}
(W&f1.0.any32h) bfe (1|M8)       a0.0<2>:d     r114.19<4;2>:ub   tdr0.8<0;1>:w     sp.5<0>:ud       {@5,$15.dst}
        bfi2 (2|M8)              r115.8<1>:hf  r169.4<4;4>:f     mme0.6<4;0>:hf    r94.3<2>:hf      {$8.dst}
        or (16|M0)    (ge)f0.0   tm0.1<1>:f    r[a0.2,448]<1,0>:f  r160.0<8;8,1>:f {Breakpoint,Compacted,@7,$8.dst}
(~f0.1.all8h) dp4a (8|M24) (ne)f0.1  (sat)r151.6<1>:ud  ce.29<0;4>:uw  a0.24<4;2>:b  r178.3<1>:ud   {@6,$4.dst}
(~f1.0.anyv) sendc.rc (4|M24)    null     r197    r140    0x9A6E77C0            0x09997D4B           {Breakpoint,@6,$1} // wr:4h+31, rd:25; full-precision unknown render target op with Per-Sample Pixel PS outputs enable slot group high to surface 75
(W)     dp4a (16|M8)  (gt)f0.0   tm0.2<1>:ud   r19.31<1;0>:b     r11.12<1;4>:w     ce.21<2>:uw      {AccWrEn,$12}
(W&f0.0.any8h) shr (1|M20)       (sat)f1.0<4>:d  (abs)r212.0<2;1,2>:q  -r5.6<16;2,4>:f {@5,$2.dst}
(f1.1.all4h) calla (16|M0)       r21.3         -646601374                                 {$14.dst}
(W)     cmp (2|M12)              cr0.1<2>:uq   r[a0.3,440]<2;1,2>:hf  1820345419:d          {@4,$2.dst}
(~f1.1.all16h) sel (2|M28)       (sat)f1.12<2>:uw  r73.7<8;4,4>:uw  -2.214267e-13:f            {AccWrEn,Breakpoint,@4,$2.dst}
(W)     sel (16|M8)   (ne)f1.0   (sat)r121.6<4>:ud  r[a0.0,350]<8,1>:ud  (abs)dbg0.7<0;4,2>:ud {@3,$7.dst}
        else.b (16|M0)                       949675261                  -2132954234                 {Atomic,@6,$7.dst}
(f1.1)  ret (2|M24)                          611428695                                 {@2,$6.dst}
(f1.1.any16h) if (1|M8)                      -1042242399                  2079858934                 {$10}
(W&~f0.1.all16h) call (1|M20)    sp.5          793631899                                 {Atomic,@7}
(W&~f1.0.any32h) halt (2|M24)                1630434247                  -80311052                 {Atomic,Breakpoint,@5,$11.dst}
(W)     endif (16|M4)                        -1021026763                                 {@2,$1.dst}
        sendc.dc1 (2|M28)        null     null    r175    0x472072C0            0x156F7E3A           {@4,$9} // wr:10h+11, rd:22; a64 float atomic 64b add (64b) with return
(W)     csel (32|M20) (le)f0.1   r121.24<2>:ub  -(abs)fc0.16<1;2>:uw  (abs)acc1.8<0;4>:b  -mme0.27<4>:b {@3}
        calla (2|M24)            r51.2         -669888221                                 {Atomic,Breakpoint,$7.src}
(W)     mach (16|M16)            r77.0<1>:f    acc3.0<4;4,0>:f   r59.3<0;1,0>:f   {Compacted,$1.src}
(W&f1.0.all8h) mach (2|M12)      msg0.27<4>:df  ip.6<1;4,4>:q    0x3719:hf              {@2,$11.dst}
(f1.1)  bfi1 (16|M0)             ip<1>:f       r192.6<2;1,0>:f   -2.0:f               {Compacted,@3,$11.dst}
(W)     addc (16|M0)  (lt)f0.0   r112.3<1>:f   r211.0<2;1,0>:ub  sp.0<0;1,0>:ub   {Compacted,$6.dst}
(W)     ror (1|M0)    (eq)f0.0   r208.0<1>:f   null<8;8,1>:f     0xF0D00000:f               {Compacted,$3.dst}
(f0.1.allv) mad (4|M20) (un)f0.1  (sat)ce.24<2>:df  -acc1.11<4;1>:hf  -r75.0<8;4>:df  (abs)msg0.11<4>:hf {@4,$1.dst}
        fbl (16|M28)             fc0.18<1>:f   -1469876178:d                               {@6,$9.dst}
(W)     else (8|M20)                         -1327729157                  429740169                 {Breakpoint,@2,$14.dst}
        mov (16|M0)   (eq)f0.0   r173.0<1>:f   (abs)r122.0<8;8,1>:ud            {Compacted,@7,$10.dst}
(W)     csel (16|M0)             (sat)r48.0<1>:f  -r211.0<8;1>:f  r32.0<8;1>:f     r44.2<0>:f       {Compacted,@2,$4.dst}
        rndd (16|M24) (le)f1.0   (sat)r[a0.5,-454]<1>:w  -(abs)tm0.2<2;16,2>:d  {@2,$5.dst}
(W)     break (4|M8)                         1289674203                  -1007040628                 {@4,$1.dst}
(W)     goto (8|M4)                          1993550742                  1333761598                 {@4,$7.dst}
        shr (4|M16)   (ge)f0.1   r[a0.12,-496]<4>:w  -(abs)r189.2<32;2,1>:d  -r[a0.14,-154]<16;16,2>:f {AccWrEn,Atomic,Breakpoint,$13.dst}
(W&f0.1.any32h) ror (16|M28) (ov)f0.1  r134.3<4>:d  mme7.1<1;2,1>:d  r107.10<4;8,1>:b {@1,$4.dst}
        mach (1|M0)              r145.0<1>:d   -(abs)r170.6<8;8,1>:ud  1534:w         {Compacted,@6,$3.dst}
(W&f0.0.all8h) send.smpl (4|M16)   r200   r106    null    0x2721B840            0x218467EE           {EOT,@3,$6} // wr:0+1, rd:24; simd16 with half precision parameters sample compare+override LOD using sampler index 7
(f1.1.all32h) goto (32|M0)                   1328298095                  1652231901                 {@3,$4.dst}
        illegal                
        mac (16|M0)   (lt)f1.0   r168.0<1>:d   r213.0<4;4,0>:d   1691:d               {Compacted,@4,$4.dst}
        cmpn (16|M0)             r12.7<1>:ud   r[a0.11,-383]<1,0>:ud  -(abs)r178.0<8;8,1>:ud {Compacted,@4,$3.dst}
(~f1.0.all4h) shl (32|M16)       (sat)fc3.1<2>:ub  -(abs)acc1.0<2;4,1>:df  -(abs)dbg0.6<1;16,1>:ud {AccWrEn,Breakpoint,@7,$12.dst}
(f0.0.all8h) and (4|M4) (ne)f0.0  null.3<1>:uq  (abs)r[a0.11,412]<1;8,1>:w  0x51C4243B:f    {Atomic,Breakpoint,$10.src}
(W&f1.0.all32h) cbit (2|M20)     r156.5<2>:f   0x3A8C8ED5:ud                              {@4,$14.dst}
(W)     cont (8|M28)                         60623056                  504016658                 {@4,$7.dst}
(~f1.1.anyv) call (32|M0)        mme7.1        -801387524                                 {@2,$1.dst}
(f0.1.any2h) cmpn (2|M24) (lt)f0.1  mme7.0<2>:uq  msg0.9<0;8,1>:uw  0x307A1ACB:uv           {@4,$0.dst}
        xor (1|M20)   (eq)f0.0   r181.1<2>:q   ~r203.20<2;16,4>:ub  tm0.16<4;4,4>:b {$10.dst}
(f1.0.all16h) halt (2|M16)                   2116730938                  -2131391615                 {@4,$15.dst}
        brc (4|M16)                          775907148                  1220270866                 {Atomic,@5,$10.dst}
(W)     fbh (8|M8)               r146.3<4>:b   r[a0.12,166]<16,2>:d             {AccWrEn,Atomic,Breakpoint,@1,$7.dst}
(W)     send.cre (16|M12)        null     r117    null    0x5119FC80            0x70E150BE           {EOT,@7,$15} // wr:8+18, rd:14; ?
(f0.0.allv) brc (1|M12)                      1031136291                  764550571                 {@3,$14.dst}
        movi (16|M0)             r167.0<1>:ud  r175.5<2;1,0>:ud  0xF45:ud              {Compacted,@5,$5.dst}
(W&f0.1.anyv) movi (4|M8)        r21.1<4>:uq   (abs)a0.13<8;1,4>:b  0x362B:hf           {AccWrEn,Atomic,@5,$2.dst}
(f1.0)  rndd (4|M28)             ce.6<4>:uw    -r[a0.11,-364]<2,0>:ud           {AccWrEn,Breakpoint,@1,$8.dst}
(W&~f0.1.all32h) dp4a (4|M8) (eq)f0.1  r185.8<1>:ub  acc1.1<0;1>:d  cr0.1<1;4>:w   tm0.7<1>:ud      {AccWrEn,Atomic,@7,$7.dst}
        frc (32|M12)  (lt)f1.1   r[a0.0,217]<4>:b  0xA7E29299:uv                          {@3,$15.dst}
        and (16|M0)   (ge)f0.0   r30.0<1>:uw   -(abs)r239.10<8;8,1>:uw  0xCDF:uw       {Compacted,@3}
(W)     or (16|M0)    (lt)f0.0   r240.0<1>:uw  r[a0.12]<1,0>:uw  ~mme7.16<8;8,1>:ub {Compacted,@7,$14.dst}
(f0.0.anyv) brc (1|M4)                       636366607                  1990397616                 {Breakpoint,@5}
        mach (4|M24)             r5.0<1>:w     (abs)r[a0.9,-84]<32;8,1>:df  -(abs)r[a0.7,-23]<16,1>:f {Breakpoint,$11}
(W)     sendc.dc1 (2|M20)        r49      r36     null    0x561ABF80            0x08601C10           {@5,$9} // wr:4+30, rd:6; ?
(f0.1.allv) while (8|M12)                    -1693295109                                 {@4,$2.dst}
(W)     bfi1 (1|M0)              r128.0<1>:uw  r33.2<4;4,0>:uw   0xD36:uw              {Breakpoint,Compacted,@5,$8.dst}
        ror (16|M0)              r16.0<1>:f    n0.0<4;1,0>:f     n0.28<4;4,0>:ub  {Compacted,@5,$11.dst}
(W)     csel (1|M28)             (sat)r28.2<2>:d  -(abs)mme0.9<1;4>:ub  -r186.9<4;0>:uw  ce.3<4>:ud {@7,$4.dst}
(W)     endif (2|M28)                        -130409522                                 {@1}
        cont (32|M8)                         -1223207795                  1599601959                 {@3,$4.dst}
        rol (8|M20)   (un)f0.1   sr0.5<1>:w    acc0.2<32;1,0>:ud  0x5587:uw             {@4,$0.dst}
(W)     or (1|M28)    (ov)f1.0   sp.5<4>:ud    -(abs)r29.0<16;2,2>:q  0xB8B791B0:f          {AccWrEn,Atomic,@3,$0.dst}
        join (1|M4)                          1305421333                                 {@5,$9.dst}
(~f1.0.all16h) lzd (8|M28) (gt)f1.0  msg0.22<4>:uq  -(abs)r56.10<2;4,1>:w       {$7.src}
(W)     fbh (2|M8)               sr0.4<1>:uw   r210.0<4;2,2>:ud                 {AccWrEn,$1.src}
(W)     subb (8|M12)  (lt)f0.0   ip.27<1>:d    r[a0.0,-96]<8,4>:hf  r118.13<32;16,2>:hf {Atomic,@6,$13.dst}
        sendc.rc (4|M4)          r133     r246    r90     0x1CBF0C80            0x3DA8939F           {Atomic,EOT,Serialize,@3,$7} // wr:14h+18, rd:26; full-precision unknown render target op to surface 159
(W)     if.b (8|M8)                          2066637025                  1793471616                 {Atomic,Breakpoint,@6,$8.dst}
(W&f0.0.all32h) while (32|M4)                -1561391277                                 {Atomic,Breakpoint,@4,$11.dst}
        mov (8|M8)               r144.0<1>:d   (abs)r49.0<8;8,1>:d              {Compacted,@3,$13.dst}
(W)     brc (16|M20)                         106532739                  -1257529352                 {Atomic,Breakpoint,@2,$7.dst}
(W)     mov (2|M24)              r147.10<4>:uw  fc0.8<2;2,4>:ub                 {@5,$13.dst}
(f1.1.anyv) dp4a (2|M4)          r65.6<1>:ud   r107.16<1;4>:b    r89.4<1;0>:d      a0.5<1>:uw       {@6,$2.dst}
(W)     dp4a (1|M0)              r80.0<1>:f    r49.1<8;1>:f      sr0.0<8;1>:f      r244.3<1>:f      {Compacted,$1.src}
        cmpn (16|M16)            r176.0<1>:uw  sr0.0<4;4,0>:uw   -acc1.8<4;4,1>:ub {Compacted,@7,$0.dst}
(f1.0.allv) send.null (1|M0)     r81      r172    null    0x8A7F4FC0            0xF4F6637F           {Serialize,@5,$3} // wr:10+31, rd:15; ?
        and (4|M28)   (un)f1.1   r[a0.3,-61]<1>:hf  (abs)r139.10<8;2,0>:w  ~n0.5<8;8,4>:d {$8.src}
        mov (8|M8)               r112.0<1>:f   (abs)r96.16<0;1,0>:ub            {Compacted,@5,$3.dst}
        mad (8|M24)              ip<1>:f       -r0.3<0;0>:f      r0.0<8;1>:f       r181.2<1>:f      {Compacted,$10.src}
        and (8|M20)   (un)f0.1   r105.3<1>:df  sr0.3<4;1,0>:df   (abs)r75.4<2;8,4>:f {Atomic,@5,$5.dst}
(W&f1.1.all16h) math.inv (1|M24)   (sat)mme7.3<4>:uq  (abs)r34.6<32;4,4>:uw     {Breakpoint,@3,$4}
(W)     not (1|M16)              null.26<4>:b  ~null.4<16;4,1>:hf               {$4}
(W)     rndd (8|M0)              r22.0<2>:ud   r68.5<8;8,1>:ud                  {Compacted,@2,$10.dst}
        send.dcro (1|M20)        r174     r255    null    a0.1        a0.0       {EOT,@5,$12} // wr:a0.0[28:25]+0, rd:a0.0[24:20]
        dp4a (8|M0)              r82.0<1>:f    r221.0<8;1>:f     r100.2<0;0>:f     r80.0<0>:f       {Compacted,@6,$10.dst}
(W&~f1.0) goto (32|M4)                       -1718138517                  -963148682                 {$0.src}
        avg (8|M0)    (lt)f0.0   r51.0<1>:d    -(abs)r135.0<8;8,1>:d  -451:w          {Breakpoint,Compacted,$8.src}
(W&f1.0.all4h) mov (1|M0)        (sat)r105.1<1>:f  0x8BAD3A0DDD554B7D:df                          {AccWrEn,Atomic,Breakpoint,@7,$7.dst}
(W)     rndz (8|M0)              r47.0<2>:ud   -r208.0<0;1,0>:ud                {Compacted,@3}
(W&f0.1.anyv) sel (8|M0)         (sat)ip.19<2>:ud  -(abs)tm0.3<16;4,2>:hf  0x6BC71D7F:v     {AccWrEn,@7,$6.dst}
(W&f1.1.all8h) calla (32|M28)    ce.25         -1323532801                                 {@7,$1.dst}
        rndu (8|M16)  (eq)f0.0   tm0.2<4>:q    -r[a0.4,-11]<4,0>:uq             {Breakpoint,$2.dst}
        endif (1|M24)                        834956446                                 {@3,$4.dst}
(f0.0.anyv) bfi1 (2|M8)          r184.0<4>:ub  mme7.0<16;1,2>:d  sp.13<4;2,1>:b   {Breakpoint,@1,$6.dst}
(W&~f0.0.anyv) fbh (1|M16)       r204.8<2>:hf  18530:w                               {Atomic,Breakpoint,$8.dst}
(~f1.0.anyv) sel (16|M12)        (sat)r235.3<2>:df  acc0.10<8;8,1>:hf  -(abs)tdr0.3<32;16,2>:q {$8}
        movi (16|M0)             (sat)r112.1<1>:f  r208.0<4;4,1>:f  r40.0<8;8,1>:f {Compacted,@1,$4.dst}
(W&~f0.1.any4h) ret (8|M28)                  -2094818391                                 {@4,$5.dst}
        avg (16|M16)             tdr0.0<1>:f   tdr0.0<2;2,1>:f   -r192.0<4;4,1>:f {Compacted,$11.dst}
(f1.1)  movi (16|M0)             mme7.0<1>:f   (abs)r80.0<0;1,0>:f  -r47.0<8;8,1>:f {Breakpoint,Compacted,$6.src}
(W&~f1.0.all8h) break (8|M4)                 974641050                  977442187                 {Atomic,Breakpoint,$13}
        mad (16|M0)              tm0.0<1>:f    r0.6<0;0>:f       -r96.0<8;1>:f     r251.4<1>:f      {Compacted,@4,$2.dst}
(W)     while (8|M8)                         1312421466                                 {Atomic,@2}
        rndu (4|M28)             r175.4<1>:ud  9.216734e+23:f                               {@6,$1.dst}
        nop                                                 {@3,$12.dst}
        cmpn (8|M0)   (lt)f0.0   mme7.5<1>:f   r48.0<2;4,0>:f    3.75:f               {Compacted,$9.dst}
(W&f0.0.any4h) not (2|M28)       ce.29<4>:ud   ~mme7.3<16;1,2>:q                {@2}
(f1.0)  rndd (16|M0)             r97.0<1>:d    r9.0<1;1,0>:f                    {Compacted,@6,$11.dst}
        lzd (8|M24)              r126.0<1>:f   -1.891749e-10:f                               {Compacted,$12.src}
        nop                                                 {Breakpoint,@5,$5.dst}
        rndu (8|M0)   (ov)f1.1   r[a0.2,-130]<2>:uw  (abs)dbg0.3<32;2,4>:uq     {@4,$13.dst}
(W)     rndu (1|M4)              null<1>:q     0x4985DDF11F08F855:uq                              {Breakpoint,$11.dst}
(W&f1.0.allv) if (32|M4)                     -1074875085                  -1393192631                 {@2,$15.dst}
        nop                                                 {@3,$12.dst}
(W)     bfi2 (16|M4)             r136.1<1>:df  r176.0<8;1>:f     fc3.29<0;4>:f     null.2<2>:hf     {@7,$10.dst}
(W&f0.1.any4h) avg (2|M16)       (sat)r51.10<1>:w  (abs)r[a0.2,-60]<2,2>:uq  -(abs)r83.2<0;4,1>:hf {@1,$5.dst}
(~f0.0.all2h) mov (2|M0)         (sat)f0.1<4>:d  0x6522E8B9:uv                            {$6.src}
(W)     if (1|M24)                           -1503474798                  1195966387                 {$3.dst}
(W)     dp4a (16|M16)            r95.0<1>:f    r116.1<8;1>:f     r217.0<8;1>:f     r255.3<0>:f      {Compacted,@4}
(W)     dp4a (32|M0)  (eq)f1.1   r201.2<1>:f   a0.2<4;0>:hf      f0.2<1;2>:hf      f0.0<4>:df       {Atomic,@4,$2.dst}
(W&f0.1.allv) avg (8|M28)        r82.1<1>:uq   r214.0<8;16,0>:ud  (abs)r144.0<8;1,1>:uq {$8.dst}
(~f1.0.all4h) sel (8|M4) (le)f1.0  (sat)ce.19<4>:f  -sr0.2<32;8,1>:ud  -939356914:d         {@3,$4.dst}
(~f0.1.all32h) mac (2|M20) (gt)f0.1  (sat)r85.1<2>:q  (abs)r233.0<16;4,2>:d  0xB7014925:v   {$15.src}
(W&~f0.1.all32h) mul (2|M4) (un)f0.1  (sat)r14.24<4>:ub  -(abs)r[a0.12,-246]<8,4>:b  -r[a0.3,100]<8;16,4>:uq {@1,$7.dst}
        fbl (1|M0)               r146.1<1>:d   r141.0<4;4,1>:ud                 {Compacted,@4,$1.dst}
(~f1.1.allv) bfe (2|M0)          acc1.12<2>:hf  -3.408203e-01:hf              acc0.0<1;0>:f     r146.9<2>:hf     {Atomic,@3,$0.dst}
(W&f0.1.all16h) rndu (2|M16) (lt)f0.1  (sat)r106.5<4>:ud  -r179.1<8;2,0>:q      {$3}
        mov (8|M0)               (sat)r80.0<2>:f  -(abs)r0.2<8;8,1>:f           {Compacted,$13.dst}
(W)     not (16|M0)   (ge)f0.0   r176.0<1>:f   r49.0<4;1,0>:d                   {Compacted,@5,$13.dst}
        mul (8|M8)               r66.0<2>:ud   -r55.0<8;8,1>:ud  r102.0<8;8,1>:ud {Compacted,@3,$3.dst}
        illegal                
(W)     bfi1 (8|M16)             r200.14<2>:hf  r106.1<0;8,4>:q  acc0.0<1;2,1>:uq {$8.src}
        xor (16|M0)   (lt)f0.0   r49.7<1>:f    r160.1<2;1,0>:uw  acc1.0<8;8,1>:ub {Compacted,@3,$10.dst}
(f1.1.allv) not (32|M0) (ov)f1.1  tm0.3<4>:uw  -1573898542:d                               {AccWrEn,Atomic,$15.dst}
(f0.0)  bfrev (16|M0)            fc0.0<1>:d    r47.0<2;4,0>:d                   {Breakpoint,Compacted,@2,$2.dst}
(f0.1.all32h) rol (8|M8)         r133.1<1>:b   acc7.3<4;2,1>:df  0x9A039D06:uv              {$3.src}
(f0.1)  cmp (16|M0)              r208.0<1>:ud  ip<2;1,0>:ud      -dbg0.12<4;4,1>:ub {Compacted,@5,$8.dst}
        csel (4|M28)  (eq)f0.0   (sat)ce.16<2>:uw  -(abs)r108.11<8;0>:b  -r140.6<8;2>:d  (abs)mme0.8<2>:b {$7.dst}
(f0.1.any8h) cbit (8|M20)        ce.12<4>:uq   a0.10<1;4,2>:uw                  {Atomic,Breakpoint,@3,$1.dst}
(W)     rndz (4|M8)   (eq)f1.0   (sat)r41.3<1>:df  0x233731E0:uv                          {@5,$3.dst}
(W)     rol (32|M4)              a0.12<2>:w    r120.22<0;16,1>:ub  r245.6<4;2,4>:f {AccWrEn,Breakpoint,@4,$5.dst}
(W&~f0.1) bfe (4|M24)            ip.8<1>:ub    f1.11<1;2>:w      r142.14<0;0>:w    r70.7<0>:w       {@4,$9.dst}
(W)     else (32|M12)                        1649095127                  777803949                 {@7,$13.dst}
(W)     rol (16|M20)             mme7.2<4>:uq  null.3<32;16,4>:ud  r211.5<4;4,0>:hf {Atomic,Breakpoint,@6,$13.dst}
        movi (1|M0)              ce.15<1>:hf   -r192.1<0;2,1>:df  0xE0D:hf             {$0.dst}
(W)     not (16|M28)  (ov)f1.0   r113.14<4>:hf  r138.4<16;1,0>:uw               {AccWrEn,@2,$8.dst}
(W)     call (1|M28)             mme0.7        551869438                                 {@4,$4.dst}
(~f1.1.any16h) frc (16|M0) (un)f1.1  tdr0.1<1>:df  9.118775e+00:f                           {Breakpoint,$12.src}
        ret (16|M20)                         r117.3                           {$4}
(W)     else (4|M20)                         -1837567104                  -1286533668                 {@6,$5.dst}
        halt (16|M12)                        -1383787434                  -1111120333                 {Atomic,Breakpoint,@6,$0.dst}
        send.urb (32|M4)         r235     r19     r47     0xA7FDD980            0x303E8CDA           {EOT,@1,$7} // wr:8h+6, rd:3; ?
(W)     rndz (4|M8)   (ne)f1.0   r73.3<2>:d    mme0.2<0;1,4>:df                 {@1,$2.dst}
(f1.0.any16h) bfe (8|M28)        null.8<1>:b   cr0.0<4;2>:ub     tm0.12<1;1>:w     sp.8<2>:uw       {AccWrEn,$10.src}
(W)     shl (32|M0)              (sat)r243.1<4>:df  (abs)r[a0.3,172]<0;4,1>:ud  -r241.14<4;8,2>:ub {Atomic,@5,$15.dst}
        endif (4|M0)                         1072733459                                 {$6.src}
(f1.0)  sel (16|M0)              r159.0<1>:d   -r96.7<0;1,0>:ud  1612:w               {Compacted,@7,$12.dst}
(W)     rndz (8|M0)              r96.0<1>:ud   -acc1.1<0;1,0>:ud                {Compacted,@1}
(W&f1.1) add (8|M16)             cr0.7<1>:d    -sr0.1<1;4,0>:ub  -4304:w               {$1.src}
(W)     bfi2 (1|M0)              r39.0<1>:f    r96.3<0;0>:f      r128.0<8;1>:f     r83.0<0>:f       {Compacted,@4,$8.dst}
(W&f1.0.any8h) cont (1|M4)                   2058556284                  -221724066                 {@1,$12.dst}
(W&f0.1) dp4a (2|M0)             r195.4<2>:ud  f0.10<4;0>:w      a0.19<0;1>:ub     msg0.23<4>:d     {AccWrEn,Atomic,Breakpoint,@3,$11.dst}
        halt (32|M12)                        494007097                  -1001897297                 {@1,$7.dst}
(W)     or (1|M0)     (eq)f0.0   r33.0<2>:ud   r39.0<2;2,1>:ud   r112.4<4;4,0>:ud {Compacted,@6,$15.dst}
        fbh (16|M0)              cr0.0<1>:d    r240.3<1;1,0>:d                  {Compacted,@2,$14.dst}
        nop                                                 {@3,$5.dst}
(W)     rnde (8|M28)             fc0.20<4>:ud  0xE92D6961:uv                              {AccWrEn,Atomic,@5,$3.dst}
(W)     brd (8|M12)                          mme0.3                           {Atomic,Breakpoint,@3,$13.dst}
(W&f0.0.anyv) rnde (16|M20) (ov)f0.0  acc1.1<4>:uq  (abs)r[a0.10,-89]<4;16,0>:hf {@3,$14.dst}
        while (2|M28)                        221276607                                 {@1,$7.dst}
        nop                                                 {@6,$4.dst}
(W&~f0.1.any16h) ror (32|M16) (le)f0.1  r199.3<2>:uq  r155.7<2;2,1>:w  cr0.5<1;8,0>:d {Atomic,Breakpoint,@3,$9.dst}
        bfi2 (2|M16)             r23.12<1>:hf  sr0.6<0;4>:f      fc3.28<4;4>:hf    r46.7<4>:hf      {Atomic,Breakpoint,$5}
        break (1|M24)                        1954313872                  1053357198                 {@3,$15.dst}
        illegal                
(f1.0)  fbl (16|M0)              r176.0<1>:f   3.330669e-15:f                               {Compacted,$3.dst}
        illegal                
(f1.0)  mov (16|M0)              r75.0<1>:f    r50.1<4;1,0>:f                   {Compacted,@5,$7.dst}
(W&f0.0.anyv) cmp (32|M24) (lt)f0.0  sp.1<1>:uw  -(abs)acc7.9<1;1,2>:b  0x138CF37A:ud       {$14.src}
(~f1.0.any32h) dp4a (32|M0) (eq)f1.0  tm0.4<1>:f  ip.31<1;1>:df  r7.0<4;0>:f       r177.2<0>:df     {AccWrEn,Breakpoint,@7,$2.dst}
(W&~f1.1.allv) break (2|M8)                  -121033910                  -1926291180                 {@4,$3.dst}
(W&~f1.0.all8h) avg (32|M20) (ov)f1.0  r6.5<1>:ud  -r22.1<1;1,1>:w  -(abs)r141.2<8;8,0>:ub {$5.dst}
        shl (8|M12)   (un)f1.1   (sat)n0.16<2>:ub  -(abs)r247.1<0;1,0>:ud  -cr0.6<8;2,1>:ud {@5,$0.dst}
(W&~f0.0.anyv) cbit (32|M12)     n0.5<2>:hf    sr0.2<4;16,0>:uq                 {@2,$6.dst}
        asr (1|M0)               r208.0<1>:f   -fc0.24<8;8,1>:f  0x10200000:f               {Compacted,$0.dst}
        addc (16|M0)  (lt)f1.0   r96.0<1>:d    r64.0<8;8,1>:f    sr0.24<8;8,1>:ub {Compacted,$15.dst}
        lzd (32|M16)  (le)f1.1   dbg0.8<4>:uw  r188.7<8;8,2>:ub                 {$9.src}
(W)     lzd (8|M20)   (gt)f0.0   r254.0<2>:f   -(abs)r111.2<4;2,0>:df           {@2,$15.dst}
        illegal                
        rnde (16|M16)            ce<1>:f       r112.0<2;1,0>:f                  {Compacted,@6,$9.dst}
(W)     bfrev (16|M16)           f0.6<4>:d     dbg0.30<16;1,2>:b                {@5,$11.dst}
(W&~f0.0.any4h) or (8|M28) (eq)f0.0  r[a0.8,-28]<2>:d  (abs)n0.9<4;8,1>:w  -(abs)r[a0.6,253]<0;2,0>:uw {Atomic,Breakpoint,@2,$2.dst}
        ror (16|M0)   (ne)f0.0   r160.0<1>:d   r33.0<8;8,1>:d    785:w               {Compacted,@2,$15.dst}
        rndz (2|M4)   (ge)f1.1   (sat)cr0.17<2>:ub  -(abs)r166.1<1;1,0>:q       {AccWrEn,@7,$11.dst}
(W&f0.1.any32h) call (8|M20)     cr0.5         790610226                                 {$15.dst}
        break (4|M12)                        487937820                  1358961337                 {@4,$0.dst}
(f0.1)  sel (16|M0)              r192.0<1>:uw  r40.0<8;8,1>:uw   0xD39:uw              {Compacted,$15}
        avg (8|M24)              r96.7<1>:f    -(abs)r0.0<8;8,1>:uw  ce<0;1,0>:ub {Compacted,@6,$11.dst}
(W)     bfi2 (1|M0)              r128.0<1>:f   r96.6<8;1>:f      r96.0<8;1>:f      r136.4<1>:f      {Compacted,@5,$7.dst}
(W)     csel (2|M12)  (ov)f1.1   (sat)r109.0<1>:w  -(abs)r117.3<0;0>:b  -(abs)r169.13<1;1>:b  -r249.2<0>:ud {$5.src}
(f1.0)  fbh (16|M0)              r112.5<1>:f   r47.0<8;8,1>:f                   {Compacted,@6,$10.dst}
(W)     csel (16|M0)             fc0.0<1>:f    r39.0<8;1>:f      null.1<8;1>:f     r183.0<1>:f      {Breakpoint,Compacted,$15.dst}
(W)     mov (16|M0)   (ge)f0.0   r35.0<1>:d    (abs)r30.0<0;1,0>:d              {Breakpoint,Compacted,@3,$9.dst}
(W)     rndz (1|M0)              r192.0<1>:f   3.961408e+29:f                               {Compacted,@7,$15.dst}
(W)     ror (1|M0)               r174.1<1>:d   r28.1<2;1,0>:d    -1396:w               {Compacted,$12.src}
        rol (2|M12)   (gt)f1.0   r[a0.6,-390]<2>:df  r[a0.13,-7]<2;1,1>:ud  msg0.21<8;1,4>:df {$11.dst}
(W)     calla (2|M20)            msg0.18       98948193                                 {$15.src}
(~f0.1) while (4|M0)                         -1324560521                                 {@1,$12.dst}
(~f1.0.allv) sendc.dcro (2|M8)   r190     null    null    0x7C104280            a0.0       {Breakpoint,@3,$14} // wr:0+10, rd:a0.0[24:20]
(W)     rol (8|M24)   (ne)f0.0   f1.6<4>:w     sp.0<4;8,2>:f     a0.1<16;1,0>:w   {@5,$4.dst}
        mul (16|M0)   (ge)f0.0   r208.0<1>:w   (abs)r80.0<0;1,0>:uw  0x308:v           {Compacted,@2}
        cbit (8|M0)              r211.4<2>:f   r32.0<2;4,0>:f                   {Compacted,$15}
(W&f0.1.any32h) bfi2 (2|M24)     r107.6<2>:f   mme0.9<0;2>:hf    fc3.29<4;1>:hf    r193.4<2>:f      {@2,$9.dst}
        if.b (4|M0)                          -1663223385                  -1340366540                 {Atomic,Breakpoint,@3,$9.dst}
        endif (32|M8)                        635661517                                 {@4,$1.dst}
(W&~f1.1.all4h) cbit (32|M16)    r223.1<1>:df  r94.6<1;8,1>:d                   {$12}
(W)     rndd (1|M0)              cr0.0<1>:f    r[a0.2,-59]<1,0>:f               {Breakpoint,Compacted,$1.src}
(f0.0.any16h) calla (16|M8)      acc1.1        1185091850                                 {@5,$6.dst}
        ret (1|M28)                          153278605                                 {@1,$5.dst}
(f1.0.any32h) frc (8|M8) (un)f1.0  r25.29<4>:b  0xBBE277BA:uv                             {@1,$12.dst}
(W&f0.1) lzd (2|M16)  (gt)f0.1   null.1<1>:q   (abs)r37.3<4;8,0>:df             {@1,$5.dst}
        csel (1|M24)  (lt)f0.1   f1.1<1>:df    r53.0<8;1>:f      -(abs)sp.2<1;2>:df  r42.6<0>:f     {$0.src}
(~f0.1.any16h) cmpn (8|M0) (un)f0.1  r77.2<1>:ub  (abs)r219.3<16;2,2>:uq  0x556FE90E:uv     {@7,$0.dst}
(W)     shl (2|M0)               acc0.0<1>:f   r146.5<4;1,0>:f   -5.192297e+34:f               {Compacted,$14.dst}
(f0.0.any32h) send.dc0 (16|M20)   null    null    null    0x965EC080            0x49916D42           {EOT,@2,$15} // wr:4+2, rd:25; qword gathering read
(W)     mach (4|M12)             r175.1<2>:q   -r98.1<0;8,4>:b   -(abs)r148.30<32;16,2>:b {AccWrEn,Breakpoint,@5,$13.dst}
(W)     rol (1|M20)   (eq)f1.1   r[a0.8,32]<4>:d  sp.30<1;1,4>:b  acc1.0<32;8,0>:uq {$15.src}
(W&~f1.1.any32h) math.cos (16|M8)   r79.8<1>:hf  0x905C3FD9:v                             {@2,$10}
        rndu (8|M16)             r64.0<1>:f    f0.0<2;1,0>:f                    {Breakpoint,Compacted,@4,$3.dst}
        lzd (1|M0)    (ge)f1.0   r32.2<1>:df   (abs)f1.4<4;1,0>:hf              {@2,$3.dst}
(W)     endif (32|M4)                        -2101008382                                 {$5.dst}
        frc (8|M0)               r213.4<1>:f   r251.0<0;1,0>:f                  {Compacted,@6,$3.dst}
(W&~f1.1.all32h) rnde (1|M28) (eq)f1.1  (sat)r168.3<4>:ud  -acc1.3<4;4,2>:q     {AccWrEn,Breakpoint,@7,$10.dst}
(~f0.1.all8h) cmp (4|M28) (ov)f0.1  r118.24<1>:b  (abs)r186.1<2;2,4>:ub  0xD0411DEC:uv      {@7}
        illegal                
        csel (2|M12)  (un)f0.1   (sat)r17.2<1>:f  r121.13<1;4>:hf  -r190.1<4;2>:df  r7.8<2>:hf      {$0}
(f1.0.any2h) bfi1 (1|M4)         n0.1<2>:q     r25.6<2;1,1>:ud   mme7.1<1;16,0>:d {@4,$3.dst}
        and (16|M0)              r208.2<1>:d   ~r0.0<2;2,1>:d    -245:w               {Compacted,@5,$15.dst}
(W)     not (16|M0)   (lt)f0.0   tm0.0<1>:f    r32.0<4;4,1>:f                   {Compacted,@1}
(W&f1.0.allv) halt (8|M20)                   -382301488                  -181489821                 {@5,$15.dst}
(~f0.0.all8h) sendc.dc2 (16|M16)   r136   null    r73     0x35FFA080            0xF79731A5           {@7,$4} // wr:11+2, rd:25; ?
(W)     join (4|M28)                         1451893261                                 {$11}
(W&~f1.1.any32h) cmpn (2|M12) (ov)f1.1  f0.12<2>:ub  r175.1<8;16,4>:d  (abs)r[a0.5,-470]<4,2>:q {AccWrEn,Atomic,$7.dst}
        movi (1|M20)             r110.7<4>:hf  r130.0<16;1,4>:df  0x4DACD33C:uv             {@1,$2.dst}
(W&~f1.0.any2h) goto (32|M0)                 -1691685210                  557127028                 {Atomic,Breakpoint,$7.src}
(W&f0.1.any16h) bfi2 (16|M0)     r219.3<2>:df  r191.1<0;1>:df    a0.0<4;2>:df      581.5:hf              {@3,$5.dst}
        nop                                                 {@1,$11.dst}
        fbh (2|M8)               r41.19<1>:b   r140.8<2;4,4>:hf                 {@1,$4.dst}
        rol (16|M0)   (lt)f0.0   r49.3<2>:ud   r40.0<1;1,0>:ud   r144.0<2;1,0>:ud {Compacted,@2,$6.dst}
(W)     rndz (8|M0)              r107.0<1>:w   r229.0<1;1,0>:uw                 {Compacted,@3,$3.dst}
        rnde (16|M0)  (ne)f0.0   r7.0<2>:f     -(abs)r190.5<8;8,1>:f            {Compacted,@5,$6.dst}
        bfe (1|M28)              a0.2<2>:d     r212.3<1;0>:ud    r153.15<1;1>:w    r10.5<1>:d       {Atomic,Breakpoint,@1,$2.dst}
        add (8|M0)               (sat)r96.0<1>:f  r128.0<2;1,0>:uw  (abs)acc0.24<0;1,0>:ub {Compacted,$11.dst}
(W)     movi (16|M0)             cr0.0<1>:f    dbg0.0<4;4,0>:f   0x60300000:f               {Compacted,@7,$3.dst}
(W)     ret (16|M28)                         -1827769529                                 {Atomic,@4,$3.dst}
(W&~f0.1.all8h) brd (4|M20)                  -2042480000                                 {@2,$9.dst}
        movi (16|M24)            (sat)r154.3<2>:uq  (abs)acc1.7<2;4,2>:f  -r145.7<4;8,2>:uw {Breakpoint,@1,$2.dst}
(W)     frc (2|M0)               r105.7<1>:d   (abs)r171.0<8;8,1>:d             {Compacted,@2,$14.dst}
(W)     subb (32|M8)  (ge)f1.1   r[a0.9,-138]<2>:df  fc0.16<32;8,1>:b  0xFE7F9299:vf        {AccWrEn,$10.dst}
(W&~f0.1.anyv) fbh (8|M20)       sp.0<2>:uq    -5.735668e+27:f                               {@2,$10.dst}
(f0.1.any2h) sendc.dc2 (2|M16)   null     r22     null    0x4D5D1B00            a0.0       {Atomic,EOT,Serialize,@1,$1} // wr:a0.0[28:25]+12, rd:a0.0[24:20]
        illegal                
(W)     ret (8|M24)                          673138175                                 {@1,$14.dst}
(W&f1.0.any8h) bfi2 (4|M28)      acc7.6<2>:d   r214.0<1;0>:d     fc0.13<4;4>:ub    r25.11<2>:uw     {AccWrEn,Atomic,Breakpoint,@5,$13.dst}
(W)     xor (16|M0)   (eq)f0.0   r96.3<1>:ud   r[a0.10,1]<1,0>:ud  -(abs)r176.0<0;1,0>:ud {Compacted,@3,$9.dst}
(W&~f0.1.any32h) not (32|M4) (ov)f0.1  cr0.1<4>:w  -(abs)r96.8<0;2,0>:b         {AccWrEn,Atomic,Breakpoint,@2,$2.dst}
(f0.1)  rnde (16|M0)             r77.0<1>:uw   r92.6<2;1,0>:uw                  {Compacted,@4,$14.dst}
(~f0.1.allv) send.urb (4|M4)     null     r253    r219    0x597419C0            0x0EDBFC06           {EOT,$3.dst} // wr:7h+7, rd:13; ?
        illegal                
(~f1.0.all32h) bfe (1|M28)       r19.4<2>:d    fc3.18<0;0>:w     r139.16<1;2>:b    r129.2<4>:uw     {@4,$2.dst}
(W)     rol (2|M0)               r240.0<1>:f   r208.2<2;4,0>:ub  ip<0;1,0>:ub     {Compacted,@1,$14.dst}
(W&f0.1.anyv) frc (32|M20)       fc0.13<4>:uw  -r46.1<32;8,2>:uq                {AccWrEn,Atomic,Breakpoint,$3.src}
        asr (8|M0)               (sat)r128.0<1>:f  r58.6<2;4,0>:f  r15.6<0;1,0>:f {Compacted,@2,$7.dst}
        mach (8|M0)              r33.0<1>:d    r44.0<8;8,1>:d    -166:w               {Compacted,@5,$3.dst}
        mov (2|M28)   (ne)f1.1   (sat)r152.5<2>:b  -1984:w                           {Atomic,Breakpoint,@6,$7.dst}
(W)     mad (32|M12)             acc7.8<1>:uw  -mme0.25<0;2>:ub  (abs)r115.9<8;2>:w  -(abs)ip.19<0>:uw {@7,$5.dst}
(W)     dp4a (8|M16)             r64.0<1>:f    r176.5<0;0>:f     r33.0<8;1>:f      r93.0<1>:f       {Compacted,@4,$8.dst}
(W&f0.1.any8h) goto (4|M16)                  -971007823                  1620532160                 {@5,$1.dst}
        csel (32|M0)  (lt)f1.1   (sat)dbg0.2<1>:df  529.0:hf          -mme0.3<4;1>:df   null<4>:f        {@1,$15.dst}
        bfrev (16|M8)            r[a0.12,339]<2>:d  r174.20<1;8,0>:ub           {Atomic,Breakpoint,$14}
        mach (1|M28)             r[a0.7,-436]<1>:ud  -dbg0.1<32;1,0>:d  -(abs)r[a0.13,-245]<1,1>:ub {Atomic,@6,$3.dst}
(W&~f0.0.all8h) movi (32|M20)    (sat)acc0.12<1>:hf  tdr0.7<32;1,1>:d  0x5529885A:ud        {AccWrEn,@2,$9.dst}
        csel (8|M16)             r32.0<1>:f    r208.0<8;1>:f     r144.2<0;0>:f     -r235.0<1>:f     {Compacted,@3,$1.dst}
(W)     call (4|M8)              mme7.7        r112.2                           {Atomic,@1,$7.dst}
        shl (8|M0)               msg0.28<1>:ub  -cr0.2<0;1,0>:ub  -f0.0<4;4,1>:ub {Compacted,@2,$1.dst}
(W)     csel (8|M24)             acc0.0<1>:f   r160.3<0;0>:f     r96.0<8;1>:f      -r214.1<0>:f     {Compacted,@2,$3.dst}
        subb (32|M8)  (ov)f0.0   r89.2<1>:d    r19.3<2;4,4>:d    mme7.14<8;4,1>:hf {@7,$9.dst}
(f1.1.all4h) rndz (2|M0) (gt)f1.1  r8.0<2>:f   -(abs)null.8<16;1,1>:w           {@7,$9.dst}
        else (16|M0)                         1156896591                  -970351450                 {@3,$14.dst}
        math.rsqtm (1|M28) (eo)f1.0  mme7.mme2:w  -(abs)r135.mme7<2;1,0>:ud     {@4,$7}
        subb (16|M16)            r0.0<1>:ud    r211.0<8;8,1>:ud  r211.0<8;8,1>:ud {Compacted,@1,$4.dst}
        asr (16|M0)   (ge)f0.0   r128.0<1>:uw  -r32.12<8;8,1>:uw  0x502:uw             {Compacted,@5,$7.dst}
        and (8|M16)   (ne)f0.1   r2.3<1>:df    -(abs)r[a0.10,89]<2;8,2>:hf  -28441:w    {@3,$14.dst}
(W&~f0.0.all16h) halt (2|M8)                 -1032463820                  -2011283258                 {$12.dst}
        sel (8|M0)               r176.3<1>:f   -(abs)r208.12<8;8,1>:ub  -n0.0<4;4,0>:ub {AccWrEn,Compacted,@4,$13.dst}
(W)     sel (16|M16)             r207.0<1>:d   (abs)r243.6<0;1,0>:d  (abs)r77.6<8;8,1>:d {Compacted,@1,$9.dst}
(W)     mov (16|M0)              r128.0<2>:ud  r49.0<2;4,0>:ud                  {Compacted,$4.dst}
(W)     send.null (32|M16)       null     r194    r139    0x9277F380            0x1DCB25DA           {$6} // wr:14h+14, rd:28; ?
        send.vme (1|M12)         null     null    r92     0xC78C4E00            0x16C93CAE           {Breakpoint,EOT,Serialize,@2,$9} // wr:11h+24, rd:12; ?
        sel (16|M0)   (lt)f1.0   r80.0<1>:f    (abs)r144.0<8;8,1>:ub  n0.0<4;1,0>:ub {Compacted,@5,$15.dst}
        sync.host                            null                             {@6,$8.dst}
(W)     ret (2|M20)                          -1044414984                                 {@4,$11.dst}
        rndu (16|M4)  (ov)f0.0   (sat)acc0.2<4>:f  (abs)fc0.15<2;16,2>:ub       {AccWrEn,Atomic,Breakpoint,$11.src}
        mul (16|M8)              (sat)fc3.6<2>:q  -(abs)r150.3<4;2,1>:ud  -n0.23<0;1,4>:b {@3,$11.dst}
(W&~f0.1.all8h) rnde (32|M12)    (sat)r61.3<2>:uq  (abs)r10.19<16;1,4>:ub       {Breakpoint,@5,$8.dst}
(W)     rndu (32|M16) (lt)f0.0   cr0.2<4>:q    r[a0.10,-16]<32;8,0>:b           {AccWrEn,Breakpoint,@7,$3.dst}
(W)     rol (16|M16)             r40.0<1>:w    r96.5<4;4,0>:uw   0x808:v               {Compacted,@6,$12.dst}
(~f1.1.any16h) not (4|M28) (lt)f1.1  r36.1<1>:q  -16485:w                             {AccWrEn,Atomic,Breakpoint,$13}
(W)     mad (1|M8)    (ne)f1.0   ce.8<2>:uw    (abs)ce.10<8;4>:ud  r41.1<0;2>:w    (abs)r66.0<4>:ud {@7,$0.dst}
(W)     cont (2|M8)                          2041332845                  1308854189                 {@2,$3.dst}
(W&f1.1) mach (8|M28)            tdr0.1<1>:uq  sp.0<8;1,1>:b     -r[a0.14,-228]<4;16,1>:q {@5,$3.dst}
(~f0.1.all2h) bfi2 (32|M24)      f0.24<1>:ub   r1.9<1;4>:b       f0.2<1;2>:w       f1.1<2>:w        {@3,$14.dst}
        ret (16|M24)                         -1798429769                                 {$1.src}
        nop                                                 {Breakpoint,$4.src}
(~f1.0.any2h) lzd (16|M28) (le)f1.0  r[a0.8,232]<4>:b  -r54.10<32;2,2>:uw       {AccWrEn,Atomic,Breakpoint,@1,$11.dst}
(W)     lzd (16|M0)   (lt)f0.0   r144.2<1>:f   msg0.0<4;4,1>:f                  {Compacted,@4,$6.dst}
(W)     bfrev (16|M0)            r64.1<1>:ud   r128.1<4;1,0>:ud                 {Compacted,@3,$2.dst}
(W&f0.0.any32h) frc (8|M28) (lt)f0.0  tm0.25<1>:b  (abs)r193.0<16;4,2>:uq       {$6.dst}
(~f0.0.anyv) shl (1|M4) (lt)f0.0  r204.1<2>:f  r235.1<4;8,4>:df  -a0.5<8;8,2>:f   {@1,$14.dst}
        cmpn (32|M12) (gt)f1.0   r176.2<4>:q   -sp.4<2;8,1>:ud   -(abs)r174.10<1;4,2>:w {$9.dst}
(W)     fbh (8|M24)              r177.9<1>:ub  f0.12<4;2,0>:w                   {@5}
(W&f0.0.anyv) calla (2|M12)      r210.2        -320591195                                 {@6,$11.dst}
(W&~f0.1.any4h) bfrev (2|M20)    r53.6<1>:uw   ip.31<32;2,0>:ud                 {@3,$14.dst}
(W)     bfrev (32|M20)           r[a0.4,-194]<4>:b  0xFFECC4EB:uv                         {AccWrEn,@7,$14.dst}
(W)     bfi1 (16|M0)             r211.1<1>:f   r176.1<8;8,1>:ud  mme0.0<8;8,1>:ub {Breakpoint,Compacted,@4,$0.dst}
(W&f1.1.all4h) bfrev (1|M20)     r137.3<2>:ud  3.1495e-18:f                               {AccWrEn,Atomic,Breakpoint,@7,$11.dst}
        mac (2|M20)              (sat)r191.2<4>:uq  fc3.19<16;8,4>:uw  -ce.1<1;2,1>:uw {AccWrEn,Atomic,Breakpoint,$8.src}
(W&f0.0.all2h) rndz (2|M12) (ov)f0.0  r151.7<4>:ub  -r[a0.4,423]<2,2>:df        {AccWrEn,Atomic,@1,$12.dst}
        rol (16|M0)   (lt)f1.0   r240.0<1>:f   r208.0<0;1,0>:uw  sr0.12<2;2,1>:ub {Compacted,@5,$3.dst}
        rnde (8|M0)              r176.0<1>:d   r[a0.5,1]<1,0>:f                 {AccWrEn,Compacted,@4,$8.dst}
        bfi2 (8|M24)             null.4<1>:hf  tm0.2<1;2>:f      r204.2<1;2>:f     r206.2<2>:df     {AccWrEn,Atomic,@6,$4.dst}
(W)     ret (16|M16)                         -1144985363                                 {@5,$14.dst}
(W)     bfrev (16|M0)            r57.29<1>:b   r127.9<4;16,1>:b                 {AccWrEn,$14.src}
        shr (8|M0)    (lt)f0.0   r211.0<1>:uw  -(abs)fc3.24<8;8,1>:uw  -(abs)acc0.24<8;8,1>:ub {Compacted,@6,$6.dst}
(W&f0.1.anyv) brd (2|M8)                     617580073                                 {Breakpoint,$1}
(W)     rnde (8|M0)              r33.0<1>:f    r240.4<4;4,0>:uw                 {Compacted,@7,$11.dst}
        mac (32|M24)  (gt)f0.1   (sat)ip.2<1>:b  -mme0.26<0;8,2>:b  0x4C7F9CD6:uv           {@6,$2.dst}
(W&~f1.0) goto (8|M4)                        2123997890                  -1439197957                 {Atomic,Breakpoint,@4,$6.dst}
(W)     shr (8|M0)    (gt)f1.0   r70.9<1>:uw   -r121.1<1;16,1>:q  r127.3<4;4,0>:f {@2,$12.dst}
(W)     add (1|M16)   (un)f1.0   f1.6<4>:d     r230.3<8;2,4>:uq  -r[a0.15,109]<0;4,4>:w {@5,$13.dst}
(W)     add (4|M0)    (un)f1.0   (sat)acc0.27<1>:b  (abs)r164.9<32;16,2>:hf  -r[a0.7,-431]<4,1>:d {@1,$7.dst}
        mad (4|M4)               r157.6<1>:f   (abs)mme0.3<0;4>:df  -(abs)sr0.5<8;0>:f  r189.1<4>:df {@1,$2.dst}
(W)     bfrev (2|M8)             r124.1<4>:uq  -4.206543e-01:hf                              {@3,$4.dst}
(W&f0.1.all16h) asr (2|M8) (un)f0.1  r[a0.8,-398]<2>:d  r98.11<8;4,2>:w  (abs)r113.2<0;4,2>:d {$11.dst}
        sync.allwr                           null                             {@1,$6.dst}
(W&~f1.0.all32h) xor (8|M28) (ov)f1.0  r165.0<2>:q  -(abs)r114.2<1;1,1>:uw  0xB77D:hf   {@1,$1.dst}
(W)     while (32|M28)                       -1452554399                                 {@6,$1.dst}
        rndu (1|M20)  (gt)f1.1   (sat)r196.1<1>:f  r13.2<0;16,4>:f              {@2,$8.dst}
        asr (8|M0)    (eq)f0.0   r33.4<1>:f    sr0.0<4;1,0>:f    0xD0E00000:f               {Compacted,@5,$6.dst}
(f1.1)  sel (16|M0)              r225.0<1>:ud  r230.2<4;4,0>:ud  -r86.0<4;4,1>:ud {Breakpoint,Compacted,@1,$9.dst}
(f0.0)  cbit (16|M0)             r64.4<2>:f    r0.0<2;4,0>:f                    {Breakpoint,Compacted,@5,$15.dst}
(W)     addc (16|M16)            r47.0<1>:d    r96.0<0;1,0>:d    543:w               {Compacted,@7,$10.dst}
(W)     bfe (8|M16)              tm0.16<2>:b   acc1.19<4;4>:ub   r35.8<1;0>:w      r153.16<4>:ub    {$5}
(W&~f1.0) sendc.dc1 (8|M28)      r160     r65     null    0x61C55D80            0x14ADF691           {$13.dst} // wr:10h+22, rd:10; ?
(W&f0.1) rol (1|M4)   (ov)f0.1   r73.4<4>:f    a0.0<2;1,2>:df    r14.25<4;2,1>:b  {@5,$15.dst}
(W&~f1.1.allv) sel (4|M20) (gt)f1.1  (sat)r[a0.0,255]<2>:ud  -r114.9<32;8,0>:w  f1.5<8;2,2>:ud {AccWrEn,$5.src}
(W)     rndd (2|M20)  (ne)f0.0   r146.0<4>:d   -r220.1<32;8,0>:d                {Atomic,@2,$7.dst}
        frc (8|M8)               mme0.0<1>:d   r160.6<1;1,0>:d                  {Breakpoint,Compacted,@1,$1.dst}
(W)     halt (4|M24)                         -242652243                  718834634                 {@3,$13.dst}
        frc (2|M4)    (lt)f0.1   cr0.6<2>:ub   -r225.1<8;16,1>:uq               {@1,$1.dst}
        fbh (1|M0)               r33.7<1>:f    0x700000:f                               {Compacted,@2,$10.dst}
        avg (1|M16)              (sat)r144.0<4>:f  (abs)ce.20<16;8,2>:ub  f0.1<8;8,1>:df {AccWrEn,@6,$9.dst}
(f0.0.all2h) mov (2|M0) (ne)f0.0  tm0.1<4>:df  r223.1<2;2,4>:d                  {@5,$2.dst}
        bfrev (2|M12)            r252.3<4>:q   r155.2<4;8,4>:q                  {@3,$2.dst}
(W)     cbit (2|M8)              r40.0<4>:d    r235.3<16;16,0>:b                {@4,$6.dst}
(W)     goto.b (16|M24)                      -1019538195                  560729808                 {Breakpoint,@2,$8.dst}
        bfi1 (16|M0)             r9.14<1>:w    r191.1<2;2,1>:uw  0xAD1:v               {Breakpoint,Compacted,@5}
        brd (2|M12)                          1345586965                                 {Breakpoint,@3,$3.dst}
(~f1.1.anyv) if (8|M20)                      1355062315                  -389787140                 {@4,$10.dst}
        cbit (1|M0)              r233.0<2>:f   r242.4<4;4,1>:f                  {Compacted,$6.src}
(W)     cont (32|M4)                         2016777814                  -1594796549                 {@1,$15.dst}
(W)     rnde (32|M28)            (sat)acc0.6<1>:w  -(abs)r166.5<8;4,4>:ud       {AccWrEn,Atomic,@5,$5.dst}
(W)     add (1|M0)    (eq)f0.0   r49.0<1>:d    r47.0<4;4,1>:ud   -1268:w               {Compacted,@6,$15.dst}
(W)     rnde (16|M16)            r16.0<1>:f    r39.0<2;1,0>:f                   {Compacted,@4,$13.dst}
        calla (32|M16)           null          r166.5                           {Breakpoint,$13.dst}
        cmp (16|M0)              f0.0<1>:d     -r32.2<0;1,0>:d   r32.0<2;1,0>:uw  {Compacted,$5}
        bfe (16|M0)              acc7.0<1>:f   r47.0<8;1>:f      r32.0<0;0>:f      r244.4<1>:f      {Compacted,$3.src}
        avg (32|M0)              r160.0<2>:q   (abs)mme0.0<1;16,4>:q  (abs)mme7.0<2;2,4>:uq {AccWrEn,Atomic,Breakpoint,$10}
(W)     add (4|M0)               sp.2<2>:q     -n0.1<32;8,1>:f   (abs)r164.12<16;1,0>:ub {@1,$8.dst}
        or (16|M0)    (ne)f0.0   sp.0<1>:uw    ~ip<8;8,1>:uw     sp.28<8;8,1>:ub  {Compacted,@1,$11.dst}
(W&~f1.1.all32h) break (4|M16)               1802156064                  1655985488                 {Atomic,$11.src}
        nop                                                 {$0}
(~f1.0.all8h) rndu (32|M8)       acc7.2<1>:f   -26801:w                               {@2,$14.dst}
(W)     sel (4|M20)   (eq)f0.1   (sat)r230.6<2>:ud  -(abs)r[a0.9,398]<2,1>:f  (abs)acc1.4<4;1,1>:f {@6,$6.dst}
(W&~f1.0.all4h) break (32|M16)               -2021917872                  349213787                 {@7,$2.dst}
(f1.0.any16h) ror (8|M24) (gt)f1.0  r182.1<2>:f  r[a0.1,-225]<2;8,4>:b  r216.13<1;2,2>:hf {$7.dst}
(f1.0.any4h) shr (4|M0)          (sat)acc7.9<2>:b  -r101.6<2;1,4>:ud  (abs)n0.0<32;8,0>:df {@5,$9.dst}
(W)     rnde (1|M28)  (eq)f0.0   (sat)r97.6<2>:f  0x282FBCCE:ud                           {@2,$8.dst}
(~f1.0) goto (8|M0)                          -118887129                  1547549412                 {$12.dst}
(W)     rndu (8|M0)              r33.0<2>:ud   r49.0<4;4,1>:ud                  {Compacted,$14.dst}
(f1.0)  cbit (16|M0)             r32.0<2>:f    r208.0<2;1,0>:f                  {Compacted,@1,$2.dst}
        mov (2|M4)    (eq)f0.0   (sat)r[a0.4,256]<2>:w  -n0.12<16;4,0>:uw       {$0}
(W)     not (16|M0)              r47.0<1>:f    r[a0.2,-61]<1,0>:d               {Compacted,$2.dst}
(W)     shl (4|M4)    (eq)f0.1   (sat)sr0.3<2>:f  -(abs)r225.6<0;4,0>:hf  r113.5<32;4,1>:ud {Atomic,@6,$15.dst}
(~f1.1.all8h) shr (8|M4) (un)f1.1  (sat)r117.0<1>:uq  -r118.21<32;1,4>:ub  sr0.25<2;1,1>:ub {$2}
        cont (32|M16)                        924743554                  1580761716                 {@4,$4.dst}
        mach (16|M0)             r32.0<1>:f    r49.24<2;2,1>:ub  ce<4;4,0>:ub     {Compacted,@3}
(W)     shr (1|M0)    (eq)f0.0   r144.5<1>:f   -null<0;1,0>:f    -(abs)r240.0<0;1,0>:f {Compacted,@1,$13.dst}
(~f0.0.all2h) break (8|M12)                  1489442034                  -1549133767                 {Breakpoint,@6,$12.dst}
(f1.1)  frc (16|M0)              r237.0<2>:f   r47.2<1;1,0>:f                   {Compacted,@5,$8.dst}
        cmpn (2|M4)   (eq)f1.0   r56.2<4>:ub   (abs)ce.21<1;1,4>:q  (abs)r240.3<32;8,2>:uq {$3.src}
(W)     sel (16|M0)   (lt)f0.0   acc0.0<1>:d   r32.6<2;2,1>:d    r49.0<4;4,0>:uw  {Compacted,@7}
(W)     rnde (1|M24)  (ge)f0.1   (sat)ip.14<1>:w  -236761748:d                            {@3,$15.dst}
(W)     sel (8|M16)   (lt)f0.1   r151.7<4>:d   -sp.7<16;16,2>:d  (abs)r163.2<4;1,2>:df {$0.dst}
(W&f0.0.any8h) avg (16|M16) (lt)f0.0  sr0.25<1>:b  r52.19<8;4,4>:b  -(abs)ip.30<1;1,0>:df {@1,$8.dst}
        ror (8|M0)               r80.0<1>:f    r208.3<2;2,1>:d   ip<2;2,1>:ub     {AccWrEn,Breakpoint,Compacted,@3,$8.dst}
        addc (1|M4)   (gt)f0.0   r112.0<4>:df  r102.7<4;1,4>:d   r116.6<16;8,2>:hf {AccWrEn,Atomic,@4,$6.dst}
        frc (16|M12)             r[a0.5,-52]<1>:b  0x75BC40C829C34F7:uq                          {$4.src}
(W)     fbl (2|M8)               msg0.25<4>:uw  r[a0.11,491]<8,0>:uq            {@5,$10.dst}
(f0.0.all32h) ror (8|M0)         r7.0<4>:q     r155.1<32;2,1>:df  -2.130127e-02:hf             {AccWrEn,Breakpoint,@3,$7.dst}
(W&~f0.0.any32h) math.irem (16|M12)   f1.0<4>:hf  (abs)msg0.17<2;1,2>:q  -(abs)f1.1<8;16,1>:hf {Atomic,Breakpoint,@5,$0}
(W&f1.0.any16h) not (32|M28) (le)f1.0  r48.3<2>:hf  ~ce.26<8;16,1>:q            {Atomic,$11.src}
(f1.1.any2h) mad (8|M12) (lt)f1.1  r227.0<1>:hf  1.75779e-41:f              -(abs)r120.1<0;1>:df  acc1.4<0>:hf {@1,$6.dst}
        cmpn (16|M0)  (eq)f0.0   r192.0<2>:ud  (abs)r208.0<0;1,0>:ud  (abs)r49.0<0;1,0>:ud {Compacted,@1,$9.dst}
(f1.0)  lzd (16|M0)              r33.0<1>:d    r160.0<2;1,0>:ud                 {Compacted,@4,$5.dst}
        avg (8|M0)    (lt)f0.0   r33.7<1>:f    (abs)r192.0<8;8,1>:ud  tm0.0<4;4,0>:ub {Breakpoint,Compacted,$5.dst}
(f1.0.any16h) send.null (2|M12)   null    null    r206    0xE6BF0F40            0xED53F446           {EOT,@4,$4} // wr:6+29, rd:21; ?
(W)     cbit (1|M0)              r112.0<1>:f   mme7.4<8;8,1>:f                  {Compacted,@6,$13.dst}
        mov (4|M24)   (eq)f0.1   (sat)fc3.11<1>:d  (abs)r[a0.11,175]<8;2,1>:q   {@7,$5.dst}
(W)     bfrev (1|M0)             r39.0<1>:uw   r112.0<4;4,0>:uw                 {Compacted,$12.dst}
        asr (8|M0)               r82.0<1>:d    r18.0<2;1,0>:d    94:w               {Compacted,@5,$5.dst}
(~f0.1.anyv) mad (16|M24) (ov)f0.1  (sat)r5.4<2>:hf  -r146.1<0;2>:f  -(abs)msg0.17<4;4>:hf  r129.14<4>:hf {AccWrEn,Atomic,Breakpoint,@4,$9.dst}
(W)     and (32|M20)  (gt)f0.1   r144.3<2>:w   r[a0.8,-20]<8,1>:q  (abs)f1.10<2;2,2>:b {@4,$11.dst}
        cont (2|M12)                         -1524674948                  -1780287205                 {@5,$15.dst}
(f0.1.anyv) sendc.vme (2|M0)     r219     r187    null    a0.4        0x3F8D37CB           {EOT,$7} // wr:15h+0, rd:24; ?
(W)     addc (4|M8)              tm0.1<1>:uq   acc1.7<16;1,2>:f  r28.22<32;2,1>:b {AccWrEn,$5}
        asr (2|M24)              (sat)r185.4<4>:b  -(abs)r246.5<8;1,1>:hf  -(abs)acc7.0<0;8,2>:ud {$7}
(~f1.0.any2h) xor (8|M4) (lt)f1.0  r41.1<2>:df  fc3.30<4;16,0>:hf  0x9B23854F:f             {$9.dst}
        avg (16|M0)              r240.3<1>:f   r39.0<1;1,0>:f    n0.0<4;4,1>:ub   {Compacted,$10}
        bfe (8|M24)              r48.0<1>:f    r144.7<8;1>:f     r49.0<8;1>:f      r95.5<1>:f       {Compacted,@2,$5.dst}
(f1.1.any8h) cont (4|M8)                     626803351                  435091926                 {@6,$7.dst}
        rnde (4|M0)   (ov)f0.1   fc0.16<2>:uw  -(abs)r58.3<32;16,2>:d           {AccWrEn,Atomic,Breakpoint,@7,$7.dst}
        lzd (4|M28)   (un)f0.0   r255.20<1>:b  -sr0.0<0;16,0>:uq                {@3,$8.dst}
        calla (8|M12)            r145.5        1793531315                                 {$14.src}
(W)     join (32|M28)                        -476009924                                 {@2,$12.dst}
        csel (8|M24)             r0.0<1>:f     r128.0<8;1>:f     -r160.3<0;0>:f    r251.0<1>:f      {Compacted,@7,$0.dst}
        send.dcro (1|M0)         r240     null    r22     0x41E93100            0x0B33C921           {EOT,@3,$15} // wr:5+4, rd:19; ?
        shl (16|M16)             r32.4<1>:f    msg0.0<2;4,0>:f   -r16.0<4;4,0>:f  {Compacted,@1,$6.dst}
        rndd (4|M20)  (eq)f1.1   r208.2<2>:q   (abs)r139.0<1;8,1>:f             {@7}
(W)     mov (8|M24)              (sat)r42.6<1>:ub  r[a0.6,234]<2,1>:q           {@6,$15.dst}
(W)     sendc.dc0 (32|M8)        r215     r112    r226    0xAFD84F80            0x3DE706F2           {@3,$3} // wr:14+30, rd:30; hword scratch block write x1
(W)     subb (16|M0)  (ge)f0.0   r20.0<1>:ud   r171.2<4;1,0>:ud  r252.0<4;4,1>:ud {Compacted,$9}
(W)     calla (4|M0)             r46.1         165137564                                 {@7,$9.dst}
        nop                                                 {@1,$1.dst}
        cmpn (16|M16)            r69.0<1>:ud   -r111.0<2;2,1>:ud  0x8BE:ud             {Compacted,@7,$11.dst}
(W)     not (16|M0)   (eq)f0.0   r48.1<1>:w    (abs)r112.0<8;8,1>:uw            {Compacted,@6,$5.dst}
(f1.1)  shr (16|M0)              r30.0<1>:f    r[a0.6,129]<1,0>:f  -mme5.0<4;4,0>:ub {Breakpoint,Compacted,@4,$5.dst}
        mac (2|M4)    (ge)f0.1   (sat)r25.3<2>:ud  -(abs)r[a0.10,414]<1,4>:ud  -acc0.7<16;16,1>:hf {Atomic,@1,$10.dst}
        bfe (4|M8)               tdr0.4<1>:hf  acc1.1<1;4>:df    r30.0<4;4>:df     ip.27<2>:f       {$8.dst}
(W&f1.0.all8h) rol (2|M28) (ov)f1.0  mme7.11<4>:uw  n0.3<32;8,1>:df  a0.5<2;4,0>:d {Breakpoint,@3,$15.dst}
(~f1.0.any8h) mad (4|M20) (ne)f1.0  r159.24<1>:ub  -(abs)r130.14<8;0>:ub  -r157.4<4;2>:ud  (abs)acc7.2<0>:d {AccWrEn,Atomic,@7,$11.dst}
(f0.1)  mul (16|M0)              r40.1<1>:f    r[a0.2,1]<1,0>:uw  -acc7.0<2;2,1>:ub {Breakpoint,Compacted,@5}
(W)     fbh (4|M12)              tm0.3<4>:ud   f1.0<32;1,0>:f                   {$0.src}
(~f0.1.anyv) fbl (1|M12)         r[a0.4,234]<4>:uw  tdr0.1<1;2,0>:q             {AccWrEn,@1,$7.dst}
        addc (16|M0)  (gt)f0.0   r211.0<1>:f   r112.6<4;4,0>:f   3.783498e-10:f               {Compacted,@6,$4.dst}
(W)     cmpn (8|M12)  (eq)f0.0   r74.7<1>:f    r240.14<16;16,4>:b  0xB12C:uw            {@6,$15.dst}
(W&~f0.0.any16h) calla (16|M20)   f0.6         550576302                                 {@7,$12.dst}
(W&~f1.0) goto (2|M24)                       310093408                  -1154261769                 {$10.src}
(W)     csel (8|M24)             r59.0<1>:f    r197.0<0;0>:f     r3.0<0;0>:f       r133.2<0>:f      {Compacted,@4,$10.dst}
        rol (32|M4)   (un)f1.0   n0.1<4>:uq    f0.3<4;4,2>:uq    f1.2<4;4,4>:q    {@3,$8.dst}
(~f0.1.allv) rnde (4|M20)        r176.7<1>:ub  acc7.2<1;16,1>:d                 {@3,$11.dst}
        shr (16|M0)   (ne)f0.0   r108.0<1>:uw  r164.4<4;4,1>:uw  0xB88:uw              {Compacted,@1,$13.dst}
(W&~f1.0.allv) not (8|M0)        r245.29<2>:ub  3675118588931471717:q                              {AccWrEn,Atomic,Breakpoint,$0.src}
(W)     xor (1|M0)               r208.0<1>:ud  r128.0<0;1,0>:ud  ~r33.1<2;2,1>:ud {Breakpoint,Compacted,$0.src}
(W)     send.gtwy (4|M12)        null     r9      null    0x71356C00            0x056CA1E5           {EOT,$15.dst} // wr:2h+16, rd:22; ?
(W)     not (2|M16)              r178.2<4>:uw  -(abs)sp.2<2;1,4>:f              {AccWrEn,Atomic,Breakpoint,@5,$5.dst}
(W&f1.0.all16h) shr (32|M4)      r185.1<2>:q   (abs)r16.7<2;1,1>:ud  (abs)mme0.3<32;8,0>:df {@2,$4.dst}
(W&f1.0.all8h) bfi2 (8|M12)      n0.8<1>:b     f1.20<8;1>:b      r126.13<0;0>:uw   r246.3<2>:w      {@2,$12.dst}
        nop                                                 {@5}
(W)     xor (2|M8)               mme0.1<4>:hf  r168.0<8;16,2>:uq  (abs)msg0.25<8;1,2>:hf {@6,$1.dst}
        bfrev (8|M16)            r114.0<1>:f   r119.5<4;4,1>:f                  {Compacted,@6}
        bfe (8|M0)               r47.0<1>:f    r160.4<8;1>:f     r33.0<8;1>:f      r28.0<1>:f       {Compacted,@7,$11.dst}
(W)     rnde (32|M12)            mme0.15<2>:w  -(abs)r245.0<0;16,0>:df          {@7,$9.dst}
(f1.0.all2h) frc (16|M24)        cr0.2<2>:w    (abs)r38.0<4;1,0>:f              {@1,$12.dst}
(W)     fbh (2|M4)               r1.4<1>:hf    r186.3<8;1,0>:uq                 {@7,$12.dst}
        if.b (16|M28)                        -1636061768                  1718341870                 {Atomic,$3}
(W)     addc (2|M0)   (le)f1.1   a0.9<4>:hf    r87.15<2;2,4>:b   r219.16<16;4,0>:ub {@5}
(~f1.0.any4h) and (2|M20)        tm0.1<4>:uw   tdr0.12<4;1,2>:w  0x227C27DF:vf              {AccWrEn,Atomic,@2,$10.dst}
        shr (8|M0)    (eq)f0.0   r0.7<1>:f     (abs)fc0.2<8;8,1>:f  (abs)acc1.0<8;8,1>:ub {Compacted,$7}
(W)     mad (8|M8)               sr0.0<1>:f    r80.0<8;1>:f      ip<8;1>:f         -r62.6<1>:f      {Compacted,@7,$0.dst}
(f0.1)  sel (16|M0)              r237.0<2>:ud  -r112.1<8;8,1>:ud  -r127.0<4;4,0>:ud {Compacted,@7,$0.dst}
(W&~f0.0.all2h) cont (2|M4)                  -1709549105                  -1689776139                 {$10.dst}
(f1.0)  fbh (16|M0)              r149.0<2>:ud  r126.2<8;8,1>:ud                 {Compacted,@4}
        bfe (16|M16)             r129.0<1>:f   r223.0<0;0>:f     r14.0<0;0>:f      r45.4<1>:f       {Compacted,@3,$11.dst}
        lzd (16|M0)   (eq)f0.0   tm0.7<1>:f    (abs)r240.0<8;8,1>:f             {Compacted,@7,$8.dst}
(W)     mov (16|M0)   (ge)f0.0   tm0.0<1>:f    -r0.0<8;8,1>:f                   {Compacted,$2.dst}
(W)     sendc.cre (4|M24)        null     r164    null    0x1015E40            0x2D1027AC           {EOT,@4,$11} // wr:6+25, rd:17; ?
(W)     ror (16|M12)  (un)f1.1   r146.2<2>:df  r173.14<2;2,0>:hf  r226.8<8;8,0>:w {AccWrEn,@2,$3.dst}
        rol (8|M0)    (ge)f0.0   r144.7<1>:ud  r131.0<4;1,0>:ud  0xDB5:ud              {Compacted,$8}
(f0.1)  brd (2|M16)                          98615321                                 {@5,$1.dst}
(f1.0)  movi (16|M0)             r211.2<1>:f   r96.0<2;1,0>:ub   -dbg0.0<2;2,1>:ub {Compacted,@1,$2.dst}
        bfi2 (32|M28)            acc7.24<2>:b  r24.11<0;4>:w     cr0.6<4;4>:ud     r227.2<0>:w      {$12.src}
        cmp (2|M4)    (gt)f0.0   r25.2<2>:uw   (abs)fc0.0<4;16,1>:b  r33.17<32;16,1>:b {$13.src}
(f1.0.all32h) bfrev (1|M4)       null.1<2>:d   r155.27<0;8,1>:ub                {@1,$1.dst}
        brd (2|M0)                           761021832                                 {Atomic,Breakpoint,@5,$13.dst}
(W)     asr (1|M20)   (lt)f1.1   f1.1<2>:df    -fc3.16<1;16,0>:ub  0x90ED:uw            {@3,$0.dst}
        sync.allwr                           ($0,$1,$6,$7,$8,$10,$12,$13,$15,$18,$20,$21,$23,$26,$27,$29,$31)                 {$9.dst}
(f1.0.all8h) rndz (32|M28) (ge)f1.0  r52.7<1>:uw  -(abs)r[a0.13,3]<16,2>:uq     {$2}
(f1.0.anyv) sendc.dc0 (16|M12)   r67      r175    null    0x5BD1000            0xEF725BD8           {Breakpoint,Serialize,$3} // wr:7+0, rd:23; hword aligned block write x4
        fbl (32|M28)             r[a0.14,-161]<1>:ub  mme0.1<32;16,2>:q         {Atomic,@5,$7.dst}
        ror (8|M0)    (le)f1.1   fc3.0<1>:df   n0.1<1;4,1>:f     f1.1<0;16,2>:f   {AccWrEn,Breakpoint,@1,$11.dst}
(W)     math.sin (16|M20)        (sat)tm0.0<4>:q  -(abs)r225.14<16;8,4>:ub      {AccWrEn,Breakpoint,@5,$11}
        frc (1|M8)    (ge)f1.0   r99.15<4>:uw  tm0.1<16;8,2>:df                 {$7}
(W)     mach (32|M0)             n0.3<4>:df    (abs)r40.13<0;4,1>:w  -r11.2<32;8,1>:w {@2,$9.dst}
        addc (16|M0)             r207.4<1>:ud  r163.0<4;4,0>:ud  r7.0<0;1,0>:ud   {Compacted,@6,$2.dst}
        bfrev (8|M16)            mme7.5<2>:f   r4.3<1;2,0>:df                   {@3,$12.dst}
(W&~f1.1) fbl (8|M16)            msg0.25<4>:ud  0x92958D18:uv                             {AccWrEn,Breakpoint,@2,$15.dst}
(~f0.0.any2h) lzd (32|M24) (le)f0.0  r143.5<1>:w  0x6426F2E5:v                            {AccWrEn,@6}
(W)     bfi2 (8|M16)             r211.0<2>:df  acc0.6<0;4>:hf    sp.2<0;0>:f       mme7.1<4>:hf     {$4.src}
(W&~f0.0.anyv) goto (8|M28)                  -1899213863                  -2032451148                 {Atomic,Breakpoint,@3,$1.dst}
(W&f1.0.any32h) cmp (16|M12) (lt)f1.0  cr0.19<2>:b  (abs)r108.1<4;4,0>:ud  -r71.3<2;16,4>:df {@6,$13.dst}
        cmp (1|M4)               r95.5<2>:w    -a0.3<0;4,0>:uq   -r82.4<1;8,4>:hf {@1,$3.dst}
        bfi1 (8|M24)             r86.7<1>:ud   r105.0<2;2,1>:ud  0xA52:ud              {Breakpoint,Compacted,$15.dst}
(f0.0.all4h) add (32|M24)        (sat)sr0.5<2>:w  r80.13<2;4,2>:w  0xC455DA79:v             {@5,$12.dst}
(W)     call (4|M24)             r105.3        735266507                                 {@4,$5.dst}
(W&f1.0.allv) goto (32|M12)                  1015565294                  617929641                 {@2,$11.dst}
        rndz (16|M0)  (lt)f1.0   r179.7<2>:ud  r128.0<8;8,1>:ud                 {Compacted,@3,$12.dst}
        addc (16|M16) (lt)f0.0   msg0.26<4>:f  r7.8<1;16,4>:ub   0x5822:uw              {@5,$7.dst}
(W)     while (16|M8)                        -1163063900                                 {Breakpoint,$5.dst}
(W)     call (1|M28)             fc0.11        -435768529                                 {Atomic,Breakpoint,$15.dst}
        shl (8|M0)    (ge)f0.0   r38.0<1>:d    -(abs)r115.0<8;8,1>:d  -1377:w          {Compacted,@5,$2.dst}
(f1.0)  lzd (16|M0)              r94.0<1>:f    (abs)r37.14<8;8,1>:uw            {Compacted,@1}
(f0.1.any16h) call (8|M4)        acc0.1        -1345244123                                 {@4,$13.dst}
(W)     cmp (16|M0)   (eq)f0.0   r0.0<1>:f     -tm0.6<8;8,1>:f   (abs)r112.6<0;1,0>:f {Compacted,@2,$0.dst}
(W&f0.1.anyv) sel (32|M12) (ne)f0.1  r35.7<1>:d  (abs)r[a0.8,-400]<4,1>:f  -r[a0.13,299]<32;1,1>:d {@6,$11.dst}
        endif (4|M8)                         1820473921                                 {@6,$4.dst}
(~f0.1.all4h) while (1|M0)                   1113930959                                 {Atomic,$15.src}
(W)     cont (32|M20)                        -1581687289                  -1355282540                 {@1,$0.dst}
        mul (8|M28)   (ne)f1.1   r108.3<2>:q   -(abs)acc1.13<0;16,2>:uw  cr0.3<0;1,1>:hf {@1,$8.dst}
        mad (8|M16)              a0.0<1>:f     r144.5<8;1>:f     -r48.0<8;1>:f     r144.0<1>:f      {Compacted,$2.dst}
        mad (16|M16)  (eq)f0.1   (sat)null<2>:hf  -null.13<8;4>:hf  r148.3<8;2>:df  -(abs)fc0.4<0>:hf {@3,$4.dst}
        subb (8|M0)   (lt)f0.0   r49.14<1>:w   r112.0<1;1,0>:uw  0x804:v               {Breakpoint,Compacted,@5,$1.dst}
        rndd (1|M16)  (ov)f1.0   tm0.2<4>:q    (abs)dbg0.8<2;1,1>:uw            {@6}
(W)     ror (32|M0)   (un)f0.0   sr0.5<2>:uw   r210.28<2;16,2>:ub  fc3.22<32;16,4>:ub {@7,$9.dst}
(~f1.1.all8h) halt (16|M28)                  -141558397                  -1336232257                 {@6,$15.dst}
        cmp (8|M0)               r17.4<1>:ub   (abs)mme0.7<8;8,2>:ub  0x5F7C:uw         {AccWrEn,$2}
(W)     brd (32|M4)                          acc0.2                           {@7,$9.dst}
        asr (16|M4)   (lt)f1.1   r115.8<2>:hf  (abs)null.16<8;2,2>:ub  0xE1534D2B:v         {@5,$13.dst}
        rndu (8|M0)   (ge)f0.0   r32.1<1>:f    r64.0<2;2,1>:ub                  {Compacted,$6}
        frc (8|M24)              r208.0<2>:f   r49.7<1;1,0>:f                   {Compacted,$0}
(f0.0)  lzd (16|M0)              r40.0<1>:f    sp.0<2;1,0>:f                    {Compacted,@6,$7.dst}
        csel (4|M20)  (un)f1.1   (sat)r150.0<1>:uw  -(abs)r43.4<8;2>:d  (abs)f0.0<0;0>:b  -r193.22<2>:ub {Atomic,@1,$7.dst}
        shr (1|M0)               tm0.4<1>:f    -tdr0.0<2;2,1>:f  0x21F00000:f               {Breakpoint,Compacted,@1,$7.dst}
(W)     frc (16|M0)   (ge)f0.0   r27.5<1>:f    (abs)r70.0<0;1,0>:ud             {Compacted,$2}
(W)     asr (16|M0)   (eq)f0.0   r85.1<1>:f    r[a0.1,-192]<1,0>:f  (abs)r126.0<0;1,0>:f {Compacted,$0.src}
(W&f0.1.any2h) mac (16|M20) (ov)f0.1  r189.8<4>:hf  -r[a0.2,11]<1,2>:hf  (abs)r252.3<1;1,1>:hf {$8.dst}
        and (2|M28)              r14.15<1>:w   ~r6.0<0;8,1>:q    -(abs)tm0.6<1;16,2>:ub {@3,$4.dst}
(f1.1.all8h) call (2|M8)         a0.3          1764327857                                 {@7,$13.dst}
(~f0.1.anyv) avg (16|M4) (ov)f0.1  (sat)r1.30<1>:b  -(abs)f1.4<4;8,2>:b  -r137.4<8;8,4>:hf {@7,$14.dst}
        or (16|M4)    (un)f0.0   r13.6<1>:d    n0.5<1;2,0>:uw    (abs)r100.6<4;8,2>:d {@7,$2.dst}
(W&~f1.1.all16h) and (32|M4) (eq)f1.1  acc0.14<1>:uw  -(abs)tm0.3<1;8,1>:uq  ~fc3.7<32;8,0>:f {@2,$1.dst}
(~f0.0.any16h) rnde (32|M28)     (sat)acc0.2<1>:q  (abs)mme0.2<32;16,1>:uq      {AccWrEn,Atomic,Breakpoint,@1,$6.dst}
(W)     if (16|M8)                           1892111722                  1702263149                 {Atomic,@2,$1.dst}
(f0.0.all32h) send.dc1 (4|M4)    r65      null    r209    a0.3        a0.0       {EOT,@1,$10} // wr:0+a0.3[10:6], rd:a0.0[24:20]
(W&f1.0.all2h) fbh (1|M24)       f1.3<1>:q     0xE282338D:vf                              {@7,$1.dst}
        avg (16|M4)   (ne)f1.0   acc1.2<2>:ud  -r212.0<32;16,4>:uq  -r52.5<4;2,1>:f {@7,$1.dst}
(W&~f1.1.all32h) break (1|M4)                -1520111976                  -63004975                 {@5,$7.dst}
(W&~f0.0) not (1|M20) (eq)f0.0   tdr0.14<2>:w  -(abs)r[a0.10,459]<2,0>:b        {Atomic,Breakpoint,@3,$10.dst}
(f0.0.all2h) asr (32|M16) (ov)f0.0  fc0.8<4>:w  (abs)n0.18<0;2,1>:ub  -f1.4<1;1,4>:d {@6,$4.dst}
(W)     not (16|M0)              r32.4<1>:f    r32.0<1;1,0>:ub                  {Compacted,@7,$13.dst}
(W)     subb (8|M0)              r212.8<1>:uw  r180.0<1;1,0>:uw  0xC5B:uw              {Breakpoint,Compacted,@7,$5.dst}
(f1.0)  asr (16|M0)              r212.8<1>:w   r178.0<1;1,0>:uw  0x6E0:v               {Compacted,@6,$5.dst}
(~f0.1) addc (2|M12)  (gt)f0.1   r229.2<4>:q   null.7<0;4,4>:d   r[a0.13,29]<2;2,1>:f {@1,$4.dst}
        lzd (4|M28)              r248.2<2>:q   -(abs)r8.1<1;1,2>:f              {AccWrEn,Breakpoint,@4,$12.dst}
(W)     movi (8|M20)             f1.0<1>:ud    r195.12<8;16,0>:w  0x1786E4B7:uv             {@6,$15.dst}
        shr (8|M0)               (sat)r160.5<1>:d  r[a0.1,1]<1,0>:d  -(abs)r80.0<8;8,1>:d {Compacted,@6,$5.dst}
(W)     rndd (2|M4)              (sat)r[a0.8,94]<1>:f  -(abs)msg0.22<16;8,1>:uw {$12.src}
(W)     bfi1 (16|M0)             r155.0<1>:d   r189.0<0;1,0>:d   -470:d               {Compacted,$14.dst}
(W)     cmpn (8|M0)              r128.0<1>:d   r32.0<4;1,0>:ud   1804:w               {Compacted,@4,$11.dst}
(W&f1.0.all2h) fbl (1|M12)       r238.12<1>:ub  n0.1<2;1,1>:f                   {AccWrEn,Breakpoint,@5,$3.dst}
        calla (4|M28)            r8.3          304428029                                 {@6,$15.dst}
(W)     bfi2 (8|M16)             r80.0<1>:f    r64.3<8;1>:f      r48.0<8;1>:f      r121.0<1>:f      {Compacted,@5,$9.dst}
        bfe (16|M0)              r128.0<1>:f   r144.7<0;0>:f     r47.0<0;0>:f      r193.5<1>:f      {Compacted,@1,$13.dst}
(W)     subb (16|M0)             (sat)msg0.2<1>:w  r182.0<32;4,2>:df  0xB7BE51DF:ud         {@2,$4.dst}
(f1.0.all8h) mad (8|M8)          (sat)r114.0<2>:f  (abs)mme0.4<1;0>:hf  -(abs)null.1<1;4>:hf  -(abs)r113.2<4>:df {$4.dst}
        shr (16|M0)   (lt)f0.0   r33.1<1>:f    -r144.0<0;1,0>:f  -r176.0<2;2,1>:f {Breakpoint,Compacted,@1,$3.dst}
(W&f1.0.all16h) rnde (32|M8) (eq)f1.0  a0.9<2>:w  r[a0.13,-297]<1;1,4>:df       {AccWrEn,Atomic,$3}
(f1.0.any2h) rndd (1|M20)        tm0.2<4>:uq   0xB2DFF2FE:f                               {@2,$0.dst}
(~f1.0.all2h) add (4|M12)        r194.17<2>:ub  (abs)sr0.3<8;1,4>:f  0x3E5E9986:f           {@6,$9.dst}
(W)     bfi1 (4|M8)              null.3<1>:uq  mme0.6<4;8,0>:d   r218.6<2;1,2>:w  {Breakpoint,@2,$1.dst}
(W&f0.1.all8h) asr (8|M12)       mme0.7<4>:ud  (abs)r197.16<1;8,1>:b  0x8E75B4BD:vf         {Breakpoint,@6,$3.dst}
(f0.0.any2h) cmp (16|M20) (lt)f0.0  r226.15<4>:ub  (abs)r16.13<4;1,1>:ub  r17.14<32;2,2>:w {@3,$2.dst}
(W)     call (4|M12)             r95.0         -1931712747                                 {@6,$14.dst}
(W&f0.0.any2h) break (4|M20)                 2059831385                  -1795792562                 {@5,$10.dst}
(W)     sel (16|M0)   (eq)f0.0   r49.0<1>:f    (abs)ip<8;8,1>:f  5.122274e-09:f               {Breakpoint,Compacted,$15.src}
(~f0.0.any4h) movi (32|M12)      r187.1<4>:f   -r[a0.11,-476]<16;2,4>:ub  r[a0.9,-70]<2,4>:ud {AccWrEn,Atomic,@5,$14.dst}
        frc (32|M24)  (lt)f0.1   r0.2<2>:q     -67168215:d                               {@3,$0.dst}
        fbl (2|M20)              r33.3<4>:df   r[a0.6,-102]<8,2>:q              {@7,$14.dst}
(W)     cbit (8|M0)              a0.2<1>:d     r213.1<0;16,2>:ud                {AccWrEn,Atomic,Breakpoint,@3,$12.dst}
(W&~f1.1.any4h) math.iqot (32|M4)   (sat)r73.14<4>:b  -r160.3<8;8,4>:uq  -(abs)n0.31<16;16,4>:b {@2,$4}
(W)     send.dc1 (32|M20)        null     null    r152    a0.6        a0.0       {EOT,@5,$11} // wr:0+a0.6[10:6], rd:a0.0[24:20]
(W&~f0.0.any2h) and (32|M16)     r25.0<4>:df   ~f0.29<1;2,0>:b   0x9F6E292A:ud              {AccWrEn,$13.src}
(W)     subb (4|M4)   (eq)f0.1   acc0.0<2>:d   tdr0.20<4;8,0>:b  -869784024:d               {@7,$10.dst}
(W)     rndd (16|M0)  (ge)f0.0   r0.2<1>:f     r208.0<4;4,1>:uw                 {Compacted,@2,$15.dst}
        csel (8|M0)              (sat)r112.0<1>:f  r211.0<8;1>:f  r39.6<8;1>:f     r74.0<0>:f       {Compacted,$14.dst}
(W)     avg (16|M16)             r94.0<1>:ud   r74.0<0;1,0>:ud   -(abs)r238.0<0;1,0>:ud {Compacted,@1,$11.dst}
        cbit (32|M16)            r81.1<2>:q    0x358893F1:vf                              {@1,$15.dst}
(W)     and (16|M16)             r128.3<1>:d   r170.3<0;1,0>:d   199:w               {Compacted,$1}
        and (2|M28)              r177.0<2>:f   -(abs)n0.0<2;8,1>:df  0x6932317A:uv          {$13.src}
(W)     brd (2|M4)                           -322120946                                 {Atomic,@3,$3.dst}
        dp4a (8|M8)              r40.0<1>:f    r39.1<8;1>:f      acc0.0<8;1>:f     r230.2<1>:f      {Compacted,@6}
(f1.0.all8h) math.irem (1|M24)   (sat)r81.13<1>:uw  -mme0.5<32;1,0>:hf  0xA99E0F9B:uv       {$9}
(W)     addc (2|M20)  (gt)f1.1   r161.2<4>:df  n0.1<1;2,4>:uq    r88.2<16;16,1>:uq {AccWrEn,Atomic,@3,$0.dst}
(W)     endif (8|M24)                        680301004                                 {$11}
        join (32|M4)                         -87282123                                 {$15}
(f0.0)  frc (16|M0)              r5.0<1>:f     r235.2<8;8,1>:d                  {Breakpoint,Compacted,@1,$4.dst}
        halt (2|M28)                         -2110040213                  246238724                 {Atomic,Breakpoint,@3,$14.dst}
(~f0.0.all8h) avg (4|M24)        r80.1<4>:df   -(abs)r[a0.14,228]<8,2>:w  -f1.15<8;4,4>:uw {$3.dst}
(~f0.1.any8h) not (16|M16)       ip.16<2>:ub   -(abs)r172.5<0;4,0>:ud           {$14}
(W&~f1.0.any8h) rndz (16|M4)     dbg0.3<1>:df  0x1109331493A79138:uq                              {@6,$0.dst}
(W)     sel (16|M0)   (ge)f0.0   r0.0<1>:f     (abs)r96.2<8;8,1>:ud  -ip<2;2,1>:ub {Compacted,$0}
(W)     addc (2|M0)              r96.0<1>:f    r128.7<0;1,0>:ud  a0.0<0;1,0>:ub   {Compacted,$14.dst}
(W)     join (4|M12)                         99014408                                 {@3,$2.dst}
(W&~f1.0.any16h) send.dc0 (1|M16)   r109  r60     r152    0x2245E980            0x366EF6E8           {@4,$8} // wr:11h+6, rd:6; hword scratch block write x8
(~f1.0.all8h) shl (16|M20) (ov)f1.0  tm0.2<4>:uq  -(abs)f0.18<2;16,1>:b  (abs)tdr0.4<2;8,2>:f {AccWrEn,Atomic,@2,$6.dst}
(W)     shr (32|M16)  (ne)f0.1   (sat)a0.15<1>:uw  (abs)r2.6<0;16,2>:uw  -(abs)r204.16<16;2,0>:ub {@6,$0.dst}
(W)     call (16|M12)            msg0.4        1431591865                                 {@3,$3.dst}
(W)     sel (16|M0)   (eq)f0.0   r208.0<1>:d   (abs)r211.5<0;1,0>:d  -(abs)r47.0<0;1,0>:d {Compacted,@4,$6.dst}
(W)     xor (16|M8)   (un)f0.1   ce.13<4>:w    (abs)fc0.27<32;4,4>:f  (abs)ip.5<1;1,4>:ub {@3,$13.dst}
        bfe (16|M0)              r48.0<1>:f    r0.0<8;1>:f       r39.0<8;1>:f      r26.2<0>:f       {Compacted,$10.src}
        sync.allrd                           ($0,$4,$5,$7,$9,$10,$11,$15,$19,$20,$22,$23,$25,$28,$31)                 {$15}
        mul (32|M20)  (lt)f1.1   (sat)null.2<1>:ud  tm0.1<2;2,4>:uq  (abs)r55.7<4;1,1>:b {@1,$3.dst}
(W)     csel (8|M4)   (lt)f1.1   msg0.16<2>:d  r110.30<0;1>:b    -r2.3<8;4>:d      -(abs)tdr0.13<1>:uw {$4.dst}
(f0.0.allv) xor (8|M24)          r[a0.14,-371]<1>:ud  ~n0.12<0;1,2>:uw  (abs)r103.6<0;2,4>:hf {@1,$7.dst}
(W)     ror (2|M20)   (ne)f1.1   n0.1<4>:f     r182.6<4;2,2>:d   r102.0<16;4,2>:f {@2,$8.dst}
        mach (8|M0)              acc0.3<1>:d   (abs)r112.3<8;8,1>:d  1546:w           {Compacted,@3,$3.dst}
(~f1.0.anyv) rol (32|M0) (le)f1.0  f1.2<4>:d   fc0.27<2;1,0>:d   0x68BD:uw              {AccWrEn,Atomic,$4.src}
        ror (16|M0)   (lt)f1.0   r163.0<1>:ud  r94.4<0;1,0>:ud   0xB33:ud              {Compacted,@7,$5.dst}
(f0.1.any16h) shl (1|M4)         (sat)fc3.1<1>:b  -(abs)r[a0.6,186]<16;1,0>:hf  (abs)r31.6<4;16,2>:ud {$8}
(W&~f1.1.any2h) asr (2|M0)       (sat)tdr0.19<1>:ub  r[a0.9,-171]<16,1>:ud  (abs)r11.0<16;16,2>:uq {AccWrEn,Breakpoint,$2.src}
(W)     shr (16|M0)   (lt)f0.0   r160.0<1>:uw  msg0.20<4;4,1>:uw  (abs)null<8;8,1>:ub {Compacted,@7,$1.dst}
        rndu (16|M0)  (eq)f0.0   r0.0<1>:d     r192.7<4;4,1>:d                  {Compacted,@4,$8.dst}
(~f0.1.any16h) movi (1|M4)       (sat)f1.14<4>:w  r[a0.13,19]<4,2>:ub  (abs)a0.6<1;16,4>:b {Atomic,@7,$12.dst}
        math.exp (4|M28)         (sat)fc3.19<1>:uw  -ce.29<0;8,2>:w             {AccWrEn,Breakpoint,@2,$11}
        mul (8|M0)    (eq)f0.0   r109.0<1>:d   (abs)r54.3<8;8,1>:ud  344:w           {Compacted,$5.dst}
(~f1.0.allv) addc (2|M12) (le)f1.0  r51.1<1>:ub  r146.10<8;2,2>:uw  r33.15<16;2,4>:uw {@7,$2.dst}
(W&~f1.0.all32h) mach (16|M8)    r137.3<4>:df  (abs)sp.3<4;8,0>:uw  -r[a0.1,-407]<1;16,1>:w {@2,$14.dst}
(W)     shl (16|M0)              r33.7<1>:ud   r33.0<8;8,1>:ud   (abs)r208.0<0;1,0>:ud {Compacted,$8.src}
        mac (16|M0)   (ne)f0.0   r208.0<1>:f   r16.5<2;2,1>:f    tdr0.0<2;1,0>:ub {Compacted,$7.src}
        mad (16|M16)             acc1.0<1>:f   -r33.0<8;1>:f     r112.0<8;1>:f     -r198.2<1>:f     {Compacted,@5,$4.dst}
        sendc.urb (16|M0)        r100     null    null    0xA54468C0            0xDB27226F           {$10.src} // wr:13+3, rd:18; ?
(W&~f0.0.allv) fbl (1|M24)       r107.15<2>:uw  0xC40586BC:v                              {@4,$0.dst}
        and (16|M0)              mme7.0<1>:f   msg0.0<2;2,1>:f   -4.5:f               {Compacted,@4,$14.dst}
(W)     bfe (1|M24)              acc7.4<2>:d   ip.4<1;1>:w       r113.8<4;4>:w     mme7.22<4>:ub    {Breakpoint,@1,$11.dst}
(W)     send.rc (4|M0)           r81      r71     r156    0xF0091E00            a0.0       {Breakpoint,@1,$4} // wr:a0.0[28:25]+24, rd:a0.0[24:20]
(W)     send.pixi (16|M16)       null     r37     null    0xA2D69600            0x5EA132B9           {Atomic,Breakpoint,Serialize,@6,$5} // wr:15+24, rd:10; ?
(W)     ror (16|M0)   (lt)f0.0   r137.0<1>:d   r186.0<8;8,1>:d   -960:d               {Compacted,$13}
        sync.nop                             null                             {Compacted,@1,$11.dst}
        addc (16|M8)  (lt)f0.0   f1.6<2>:f     n0.1<1;2,0>:df    r5.17<8;16,2>:ub {@1,$5.dst}
(W)     bfe (1|M0)               r64.0<1>:f    r39.1<8;1>:f      r40.0<0;0>:f      r7.0<1>:f        {Breakpoint,Compacted,@3,$7.dst}
(f1.0)  sendc.smpl (2|M8)        null     r248    null    0xE8015800            0x07BF6A8B           {EOT,$14} // wr:3h+0, rd:27; simd32/64 ? using sampler index 10
        break (2|M16)                        -380665127                  922017083                 {Atomic,Breakpoint,$13.dst}
(W)     cmpn (8|M0)              r190.0<1>:f   r189.2<4;4,1>:f   -2.83342e+22:f               {Compacted,@7,$3.dst}
(W)     csel (8|M24)             r144.0<1>:f   -r16.7<0;0>:f     r176.0<8;1>:f     r17.4<1>:f       {Compacted,@6,$2.dst}
(W)     addc (1|M4)   (ne)f0.0   r117.11<1>:hf  r119.3<2;8,4>:q  0xB7636CE8:uv              {@3,$11.dst}
(W)     subb (2|M28)  (le)f1.1   r180.1<2>:ud  r[a0.7,-86]<16;16,4>:ud  fc3.9<1;2,0>:ud {@4,$9.dst}
(W&~f0.0.any16h) addc (1|M20) (le)f0.0  r253.7<1>:w  r227.6<4;4,4>:d  0xA08CAFBF:vf         {@3,$1.dst}
        shr (16|M0)              (sat)r40.5<1>:f  -r39.0<2;2,1>:f  -3.470988e-29:f             {Compacted,$3.dst}
        rndu (16|M0)  (lt)f1.0   f0.0<1>:ub    null.12<8;8,1>:ub                {Compacted,@6}
        halt (32|M20)                        16292318                  -56411672                 {Breakpoint,@4,$3.dst}
        mach (16|M16)            r128.7<1>:f   f0.0<8;8,1>:f     ce<0;1,0>:ub     {Compacted,$13.src}
(W)     bfi1 (1|M16)             r39.3<2>:df   r8.15<2;4,0>:hf   0x915D:uw              {@7,$5.dst}
        csel (1|M4)   (un)f0.0   null.2<1>:f   r96.2<4;1>:f      -mme0.2<1;2>:df   dbg0.13<0>:hf    {$3.src}
        bfe (16|M0)              r33.0<1>:f    sr0.0<4;1>:f      r208.7<8;1>:f     r180.0<0>:f      {Compacted,@3,$13.dst}
        bfi2 (16|M16)            r96.0<1>:f    r16.0<0;0>:f      r240.5<8;1>:f     r205.0<0>:f      {Compacted,@5,$2.dst}
(W)     fbh (8|M0)               r79.3<1>:ud   r25.0<0;1,0>:ud                  {Compacted,$14}
        mov (16|M0)              (sat)r199.0<1>:d  (abs)r174.5<0;1,0>:d         {Compacted,@6,$2.dst}
(W)     cmpn (16|M0)             r160.6<1>:f   r[a0.6,1]<1,0>:uw  -tm0.0<4;4,1>:ub {Compacted,$1.src}
(W)     avg (32|M0)   (gt)f1.1   (sat)acc7.1<2>:uq  -(abs)r226.12<0;4,2>:uw  -r[a0.9,-308]<4,4>:uw {AccWrEn,@1,$3.dst}
        mul (32|M24)  (eq)f0.1   r39.4<1>:d    -sp.20<32;4,4>:b  -a0.31<4;8,4>:b  {$3.dst}
(W)     rnde (1|M0)   (eq)f0.0   r49.0<1>:f    (abs)r240.0<0;1,0>:f             {Compacted,@5,$8.dst}
(W)     cbit (8|M0)              n0.1<1>:f     r240.0<2;2,1>:f                  {Compacted,@4,$2.dst}
(f1.1)  and (16|M0)              r192.2<1>:ud  r112.0<0;1,0>:ud  (abs)r160.0<0;1,0>:ud {Compacted,$12}
        add (8|M0)               r51.3<1>:f    acc5.3<2;4,0>:f   r40.0<4;4,1>:f   {Compacted,@7}
(W)     xor (16|M0)   (eq)f0.0   r144.1<1>:ud  r96.1<4;1,0>:ud   -(abs)r240.0<0;1,0>:ud {Compacted,$2.src}
(~f0.1.any32h) bfi1 (8|M24)      cr0.0<2>:hf   r202.9<2;16,4>:b  r171.14<1;1,0>:hf {$3.src}
        subb (1|M0)   (ov)f0.0   (sat)r[a0.3,324]<1>:hf  r183.28<1;8,0>:b  r34.9<0;8,1>:uw {Atomic,$7}
        rnde (8|M16)             r47.0<1>:d    r[a0.9,1]<1,0>:d                 {Compacted,$15}
        bfi1 (8|M24)             r144.0<1>:f   mme0.0<8;8,1>:f   r49.5<2;1,0>:f   {Compacted,@6,$13.dst}
        rnde (16|M0)  (ge)f0.0   r47.0<1>:uw   r208.0<2;2,1>:uw                 {Compacted,$2}
        subb (8|M0)   (ge)f0.0   r40.0<1>:w    r48.0<8;8,1>:uw   0x606:v               {Compacted,$9}
        rndd (8|M0)              r192.7<2>:f   r49.0<2;1,0>:f                   {AccWrEn,Compacted,@1}
(W)     bfe (8|M0)               r46.0<1>:f    r80.5<0;0>:f      r69.0<8;1>:f      r62.4<0>:f       {Breakpoint,Compacted,$3.src}
        bfe (8|M16)              fc0.0<1>:f    r240.0<0;0>:f     r33.7<8;1>:f      r200.0<0>:f      {Compacted,$13}
(~f1.0.all16h) rndd (2|M24) (ne)f1.0  r[a0.1,-488]<2>:d  -(abs)r[a0.13,118]<16,2>:hf {$6.dst}
        frc (16|M0)   (gt)f0.0   r49.0<1>:ud   r40.2<2;4,0>:ud                  {Compacted,$4}
(W)     csel (8|M0)              acc0.0<1>:f   r160.0<0;0>:f     -r64.0<8;1>:f     r186.6<1>:f      {Compacted,@6,$12.dst}
(f0.1)  addc (16|M0)             r88.0<1>:f    r[a0.13,-448]<1,0>:f  r58.5<2;1,0>:f {Breakpoint,Compacted,@4,$4.dst}
        not (16|M0)   (ge)f0.0   r240.0<1>:ud  r211.0<1;1,0>:ud                 {Compacted,$10}
(~f0.1.any4h) shl (16|M8)        tm0.5<4>:d    a0.19<8;4,2>:b    -msg0.24<4;1,2>:b {AccWrEn,@3,$11.dst}
(W&f1.0.any32h) send.ts (4|M0)   r68      null    null    0xC7062400            0x0AD301F4           {@1,$0} // wr:5+16, rd:13; ?
(W)     mul (16|M4)   (lt)f1.1   (sat)msg0.22<1>:ud  -(abs)r[a0.6,365]<1,2>:b  -20771:w {@4,$3.dst}
(f0.1.any32h) lzd (1|M4) (ge)f0.1  r84.0<2>:uq  -(abs)r208.2<16;16,0>:hf        {@7,$1.dst}
        send.rc (32|M16)         null     null    null    0x8CA4A780            0x0F7CECCB           {Atomic,Serialize,@1,$15} // wr:7h+30, rd:23; full-precision unknown render target op with Per-Sample Pixel PS outputs enable slot group high to surface 203
(W&f0.0.all32h) bfi1 (1|M20)     r135.0<1>:df  acc1.0<0;2,1>:w   r[a0.4,423]<16,1>:q {$5.dst}
(W)     frc (8|M0)               r33.0<1>:f    r144.4<4;4,0>:f                  {Compacted,$10.src}
        subb (1|M0)              r126.0<1>:f   r173.0<2;2,1>:f   mme5.16<8;8,1>:ub {Compacted,@7,$4.dst}
(W)     bfi2 (1|M0)              r211.0<1>:ud  r32.7<8;1>:ud     r39.0<0;0>:ud     r39.0<0>:ud      {Compacted,@7,$2.dst}
        csel (16|M16)            (sat)r239.0<1>:f  r192.0<8;1>:f  r185.0<8;1>:f    -r112.7<0>:f     {Compacted,@2,$6.dst}
(f0.1.all4h) bfi1 (16|M8)        sr0.1<1>:w    r[a0.11,-85]<16;2,4>:uq  0x7EEF:uw       {AccWrEn,$11.dst}
(W)     lzd (1|M16)   (le)f0.1   r13.2<1>:q    r36.2<16;1,1>:ub                 {AccWrEn,Atomic,Breakpoint,@5,$4.dst}
        sendc.ts (32|M24)        r185     r205    r127    0xFDF902C0            0x19E5915F           {Atomic,Breakpoint,Serialize,@6,$0} // wr:12+11, rd:30; ?
(f1.1.any2h) sendc.dc1 (32|M24)   null    null    r227    a0.1        a0.0       {@2,$14} // wr:0+a0.1[10:6], rd:a0.0[24:20]
        bfrev (16|M0)            r179.2<1>:ud  r255.0<8;8,1>:ud                 {Breakpoint,Compacted,@3,$12.dst}
(W&~f1.1.any32h) mach (1|M8)     cr0.5<2>:ud   r176.27<4;1,1>:ub  0x509D1C7A:vf             {@3,$9.dst}
        bfi2 (16|M0)             r32.0<1>:f    r96.2<8;1>:f      r47.0<8;1>:f      r246.1<0>:f      {Compacted,$8.dst}
(~f0.1.all16h) shl (16|M24) (ge)f0.1  ip.5<1>:f  -mme7.5<4;1,0>:w  9970:w             {AccWrEn,@6,$11.dst}
(W&~f1.0.all32h) shl (16|M20) (un)f1.0  (sat)r122.6<4>:uw  (abs)r4.4<0;16,1>:ud  (abs)r50.1<1;2,2>:q {$14.dst}
(f0.0.all16h) movi (16|M0)       (sat)r11.7<4>:d  ce.27<32;2,4>:uq  (abs)r32.7<1;4,4>:ud {AccWrEn,Atomic,@5}
        subb (16|M16)            r32.7<2>:ud   r80.0<4;4,1>:ud   r49.0<0;1,0>:ud  {Compacted,@5,$3.dst}
        or (8|M24)               r147.0<1>:d   r111.0<2;2,1>:d   519:w               {Compacted,@4,$9.dst}
        xor (32|M16)  (ge)f1.0   r48.27<2>:b   -(abs)fc3.18<8;8,2>:b  ~tdr0.1<16;16,4>:q {Breakpoint,@3,$3.dst}
(W)     subb (16|M24) (ov)f1.1   r[a0.12,328]<2>:uw  r[a0.8,-182]<8;16,2>:ub  0xADEC93DC:uv {AccWrEn,@6,$11.dst}
(~f1.1.all16h) shl (2|M24) (le)f1.1  (sat)n0.2<1>:df  -msg0.9<8;4,0>:w  (abs)acc0.0<2;1,0>:uq {$1.src}
(W)     rndd (2|M0)   (ne)f1.1   (sat)tdr0.3<2>:q  -r148.0<1;4,1>:df            {AccWrEn,$11.src}
(W)     fbh (8|M0)               mme7.0<1>:f   r203.0<8;8,1>:f                  {Compacted,@5,$14.dst}
        bfrev (8|M0)             tm0.0<1>:f    r16.3<4;4,1>:f                   {AccWrEn,Compacted,@3,$13.dst}
(f0.0.all2h) bfi1 (1|M0)         r106.3<4>:df  tdr0.3<2;8,1>:b   1650088134:d               {Atomic,@1}
(W)     ror (2|M16)   (eq)f0.0   r150.11<2>:hf  r[a0.4,-500]<8;2,1>:ub  0x78E94555:vf       {AccWrEn,@1}
        ror (16|M0)              r80.0<1>:d    r160.0<2;1,0>:d   -249:w               {Compacted,@5,$10.dst}
(W&~f1.1.all32h) mul (2|M28) (le)f1.1  (sat)dbg0.1<1>:uq  -mme0.1<16;1,2>:uq  0xB7680E3D:vf {@1,$15.dst}
(W)     mac (16|M0)   (eq)f0.0   r192.0<2>:ud  r240.2<2;2,1>:ud  (abs)r240.0<0;1,0>:ud {Compacted,@4,$5.dst}
        rnde (16|M0)  (ne)f0.0   r61.0<1>:ud   r33.0<1;1,0>:ud                  {Compacted,@4,$15.dst}
(f0.1.all8h) xor (4|M20) (le)f0.1  tm0.1<4>:hf  ~acc0.0<16;2,1>:q  ~r4.11<8;1,4>:w {@5,$7.dst}
(f0.1.all32h) subb (8|M24) (le)f0.1  (sat)r[a0.5,-89]<4>:b  r160.1<1;16,2>:d  0xFCD123A0:ud {@7,$8.dst}
(W)     and (1|M0)    (eq)f0.0   r240.0<1>:f   ~r211.4<2;2,1>:f  null<8;8,1>:ub   {Compacted,@3,$14.dst}
(W)     avg (16|M0)   (eq)f0.0   r163.1<1>:d   r99.0<8;8,1>:ud   -1611:w               {Compacted,@5,$10.dst}
        bfi1 (8|M24)             r208.0<1>:f   r110.0<8;8,1>:f   r25.0<4;4,1>:f   {Compacted,$2.dst}
(W)     rnde (16|M0)  (eq)f0.0   r22.0<1>:d    -r142.0<8;8,1>:d                 {Compacted,$15.dst}
        and (16|M0)              r176.0<1>:f   tm0.6<2;2,1>:f    0x2F300000:f               {Compacted,@1,$15.dst}
(W)     or (1|M0)     (eq)f0.0   r55.2<1>:ud   r164.0<2;4,0>:ud  r192.0<4;4,1>:ud {Compacted,@7,$13.dst}
        xor (16|M0)              r169.3<1>:ud  r[a0.1,-295]<1,0>:ud  ~r34.0<4;4,1>:ud {Compacted,@6,$7.dst}
        add (16|M0)              r144.0<1>:f   r47.0<2;4,0>:d    -ce.12<8;8,1>:ub {Compacted,@4,$6.dst}
(W)     sendc.cre (2|M24)        null     r23     r179    0x78871380            0x34C23C5C           {@3,$11} // wr:10+14, rd:12; ?
(W)     sendc.smpl (4|M20)       null     r82     null    0x31581B00            0x233964A8           {EOT,@2,$4} // wr:1h+12, rd:19; unknown simd mode sample min using sampler index 4
(f0.0.any4h) mul (1|M20)         (sat)r225.5<1>:d  -r175.5<8;4,4>:f  -(abs)mme0.4<16;4,4>:f {@3,$8.dst}
(W&f1.1.any2h) mul (4|M0) (ov)f1.1  ce.14<4>:q  (abs)acc7.5<32;4,1>:f  0x948BE548:vf        {$14.src}
        csel (2|M4)   (un)f1.0   f1.0<2>:uw    -mme0.3<8;1>:d    (abs)mme7.25<1;1>:ub  -r140.2<0>:ud {Atomic}
(W&~f0.0.any16h) bfe (4|M24)     r150.8<1>:ub  tm0.16<0;4>:ub    ce.15<0;0>:uw     r47.1<4>:ud      {$4.dst}
        addc (8|M0)   (ge)f0.0   r221.0<1>:f   r243.8<8;8,1>:uw  f1.0<8;8,1>:ub   {Compacted,$6}
        lzd (16|M0)   (ne)f0.0   r23.0<1>:f    r19.6<1;1,0>:ud                  {Compacted,$5.dst}
(W&~f1.0.all2h) subb (8|M20) (gt)f1.0  acc7.3<4>:uq  r222.0<32;16,1>:ud  -479:w       {@1,$13.dst}
        sendc.dc2 (8|M12)        r224     null    r206    0xB03C1D80            0x03340C94           {EOT,@3,$11} // wr:1+22, rd:19; ?
        rol (16|M0)   (ge)f0.0   r244.0<1>:f   r83.0<2;2,1>:f    7.922816e+29:f               {Compacted,@1,$15.dst}
(W)     cmpn (2|M12)  (ge)f1.0   tm0.4<4>:b    null.2<8;8,1>:uw  -659360970:d               {AccWrEn,Atomic,$4.src}
(W)     movi (16|M16)            (sat)r236.3<2>:uw  (abs)ce.14<8;16,4>:uw  r17.6<0;2,1>:ud {Atomic,Breakpoint,$14.src}
(W)     mad (16|M0)              cr0.0<1>:f    -r16.0<8;1>:f     -r160.0<8;1>:f    r179.1<1>:f      {Compacted,$7.dst}
(W&~f1.1.any8h) addc (1|M28)     null.13<2>:w  r125.6<32;8,2>:uw  ce.27<32;1,2>:ud {@6,$15.dst}
(f1.1.any4h) break (4|M0)                    -1028981207                  572386127                 {Atomic,Breakpoint,@3,$15.dst}
        bfe (1|M8)               f1.4<2>:f     r220.3<8;4>:df    r137.3<8;2>:df    0xC996:hf              {@4,$9.dst}
        send.null (16|M8)        r83      null    null    0x255FB3C0            0x174F46E3           {EOT,@3,$3} // wr:11h+15, rd:20; ?
(W)     asr (4|M16)              cr0.2<2>:uq   (abs)acc7.1<1;4,4>:w  -null.2<32;16,0>:ud {@1,$2.dst}
        sendc.dc1 (16|M12)       null     r227    r60     0xE1FB3AC0            0x177E79A0           {EOT,@5,$5} // wr:11h+11, rd:23; a64 untyped surface write with yz
(W)     sendc.vme (1|M8)         r226     r144    r30     0x20CBCFC0            0x2C73F87C           {EOT,$4} // wr:6+31, rd:7; ?
        fbh (8|M0)               cr0.4<1>:uw   n0.0<0;1,0>:uw                   {Compacted,$9.dst}
        sendc.dc1 (4|M24)        null     r140    r121    0xC19A3D80            0x1C4872DB           {Breakpoint,EOT,$6} // wr:14h+22, rd:4; untyped surface read with xzw
(W)     shl (8|M0)               acc0.0<1>:d   -r144.0<0;1,0>:d  r39.8<4;4,1>:uw  {Breakpoint,Compacted,@5,$11.dst}
(W)     cmpn (1|M0)   (eq)f0.0   r222.0<1>:uw  (abs)r228.0<8;8,1>:uw  0xC06:uw         {Compacted,@1,$3.dst}
(W&f0.0) math.log (2|M12)        r199.5<1>:f   -(abs)fc3.28<2;16,0>:uq          {AccWrEn,Atomic,$7}
(W&~f0.1.all2h) halt (2|M20)                 1467124821                  -1511695046                 {@3,$8.dst}
(W&~f0.0.all16h) send.rc (16|M24)   null  null    null    0x86BF2300            0x2E0E7030           {EOT,@3,$2} // wr:7h+12, rd:0; full-precision unknown render target op with Per-Sample Pixel PS outputs enable to surface 48
(W)     ror (16|M0)   (lt)f0.0   dbg0.0<1>:d   r144.0<4;1,0>:d   -1791:w               {Breakpoint,Compacted,@1,$3.dst}
        rol (1|M0)               f0.6<1>:uw    n0.0<0;1,0>:uw    null<4;1,0>:ub   {Compacted,@2,$2.dst}
        movi (16|M0)             r240.3<1>:ud  r80.0<4;1,0>:ud   0xA07:ud              {Compacted,@6,$11.dst}
(~f1.1.anyv) break (2|M4)                    528728459                  2088618501                 {@6,$13.dst}
(f1.1.all32h) shr (1|M8) (ne)f1.1  (sat)acc7.2<1>:uq  r163.11<16;2,2>:ub  -r71.10<32;2,4>:w {@5,$7.dst}
(W)     bfe (4|M0)               r72.0<1>:f    r93.0<0;0>:f      r179.0<8;1>:f     r250.7<1>:f      {Compacted,@1,$10.dst}
        sync.allrd                           null                             {Compacted,@4,$1.dst}
(f0.1)  rndu (16|M0)             r181.0<1>:f   r94.0<0;1,0>:ub                  {Compacted,$4.src}
(W)     movi (16|M0)             r144.0<1>:f   (abs)r192.0<0;1,0>:uw  acc7.4<2;2,1>:ub {Compacted,@7,$4.dst}
(~f0.0.all8h) ror (32|M24) (ne)f0.0  r49.6<1>:w  mme7.2<4;8,0>:q  -1524250927:d              {$15.src}
(W)     sendc.dcro (16|M0)       null     r240    r190    0xE45F8E40            0xB4A9F037           {Atomic,Breakpoint,@6} // wr:10h+25, rd:10; ?
(W)     xor (8|M0)               r108.0<1>:d   r26.0<1;1,0>:d    ~r15.0<4;4,0>:d  {Compacted,@5,$14.dst}
(W)     asr (1|M0)    (eq)f0.0   r48.1<2>:ud   -(abs)r32.0<8;8,1>:ud  -r96.0<0;1,0>:ud {Breakpoint,Compacted,$9.dst}
(W)     frc (1|M0)               r240.0<1>:d   -r240.7<0;1,0>:d                 {Compacted,$14}
(f0.1)  mac (16|M0)              tdr0.0<1>:f   (abs)r128.6<8;8,1>:f  7.047314e-19:f           {Compacted,@5,$12.dst}
(W&f0.0.all2h) movi (32|M0)      r17.0<4>:uq   -(abs)r66.25<1;8,0>:b  (abs)r[a0.15,154]<0;8,0>:ud {@4,$8.dst}
        rndd (8|M24)             r16.0<1>:d    r40.2<4;4,0>:ud                  {Breakpoint,Compacted,@2,$9.dst}
(W)     mul (8|M24)   (un)f1.0   (sat)r[a0.9,-248]<4>:d  (abs)r142.0<2;4,1>:uq  (abs)ce.8<16;4,4>:f {Atomic,@3,$15.dst}
        and (8|M0)               r62.1<1>:uw   r110.1<0;1,0>:uw  0xAEA:uw              {Compacted,@4,$13.dst}
(W)     mad (4|M0)               r42.0<1>:f    -r22.7<8;1>:f     r201.0<8;1>:f     r225.6<1>:f      {Breakpoint,Compacted,@2,$12.dst}
        jmpi                                 -735280990                                 {@4,$3.dst}
        add (8|M0)    (eq)f0.0   r32.2<1>:uw   r49.0<4;1,0>:uw   0x70F:uw              {Compacted,@2,$0.dst}
(W)     sync.allrd                           ($0,$1,$4,$8,$10,$11,$12,$14,$15,$16,$22,$24,$28,$29,$30,$31)                 {@5,$6.dst}
        send.ts (32|M12)         null     r111    r144    a0.5        a0.0       {Atomic,@3,$14} // wr:a0.0[28:25]+a0.5[10:6], rd:a0.0[24:20]
(W)     shr (8|M4)               mme7.2<2>:hf  -r168.3<32;2,1>:d  0x3B87:hf             {$2.src}
(W)     mac (1|M0)    (eq)f0.0   null<1>:f     tm0.2<8;8,1>:f    0x2F000000:f               {Compacted,@7,$2.dst}
        cbit (8|M0)              r142.2<1>:f   r210.0<4;4,0>:ud                 {AccWrEn,Compacted,@7}
        csel (16|M16)            r186.0<1>:f   r118.5<0;0>:f     -r132.0<8;1>:f    r128.0<0>:f      {Compacted,@4,$13.dst}
(W)     sync.nop                             null                             {Compacted,$7.dst}
        and (8|M0)               r57.7<1>:f    r[a0.5,385]<1,0>:f  (abs)r61.0<0;1,0>:f {Compacted,@4,$3.dst}
        add (16|M0)   (lt)f1.0   r36.0<1>:f    r130.1<2;4,0>:f   r90.0<4;1,0>:f   {Breakpoint,Compacted,@7,$10.dst}
        subb (4|M20)  (un)f0.1   (sat)r[a0.5,191]<4>:uq  mme0.31<32;8,4>:ub  0x8760:hf  {@2,$5.dst}
(f1.1)  rndu (16|M0)             r32.1<1>:f    r80.0<2;1,0>:f                   {Compacted,$0.src}
        rol (16|M0)   (lt)f0.0   r48.0<1>:d    r32.0<4;4,1>:ud   -718:w               {Compacted,@7,$7.dst}
(~f1.1) xor (4|M4)    (eq)f1.1   r74.3<2>:df   -(abs)acc0.0<8;4,2>:d  ~r102.27<16;2,1>:ub {@7,$8.dst}
        mac (8|M0)               r99.2<1>:w    (abs)r193.0<0;1,0>:uw  0xAD9:v          {AccWrEn,Compacted,@4,$0.dst}
(W&~f0.0.any16h) ror (32|M0)     r201.3<2>:uq  r[a0.12,286]<0;2,1>:ub  msg0.26<1;1,1>:q {@4,$13.dst}
        or (8|M12)    (ne)f1.0   acc1.2<2>:df  sp.1<1;1,0>:q     0xBCFFE03F:ud              {@3}
        ror (16|M0)   (eq)f0.0   r96.2<1>:ud   r0.0<0;1,0>:ud    r240.0<2;1,0>:ud {Compacted,$5.src}
(f0.0.allv) math.log (8|M8)      (sat)r201.9<2>:uw  -acc1.8<16;4,0>:uw          {@5,$6}
        ror (8|M0)    (eq)f0.0   r211.4<1>:ud  tdr0.0<1;1,0>:ud  dbg0.0<8;8,1>:ub {Compacted,@5,$2.dst}
(W)     dp4a (16|M0)             r70.0<1>:f    r52.4<8;1>:f      r238.0<0;0>:f     r11.0<0>:f       {Compacted,$7.src}
(W)     rndu (16|M0)  (lt)f0.0   r47.2<1>:d    -r176.0<2;2,1>:d                 {Compacted,@6,$7.dst}
(~f1.1.all32h) or (1|M4) (ne)f1.1  r107.7<1>:f  ~r[a0.9,-32]<16,2>:b  ~ce.17<1;16,4>:df {@1,$5.dst}
(f0.0.all4h) shr (32|M28) (eq)f0.0  (sat)r[a0.8,-2]<4>:w  -r192.4<4;16,4>:d  -(abs)r100.2<1;16,0>:uq {$5}
(f0.0)  rol (16|M0)              null.2<1>:f   mme0.0<4;1,0>:f   0x31400000:f               {Compacted,@6,$5.dst}
        xor (8|M0)    (lt)f0.0   r80.7<1>:f    ~r32.0<8;8,1>:f   r240.0<4;1,0>:f  {Compacted,@2,$7.dst}
        mov (16|M0)   (ne)f0.0   r73.0<2>:f    r179.4<0;1,0>:f                  {Compacted,$11.dst}
        halt (32|M20)                        -1240708726                  1641669886                 {@6,$13.dst}
(~f1.1) addc (4|M8)   (le)f1.1   r59.3<4>:uq   r[a0.8,498]<2,4>:f  r214.0<16;2,1>:b {AccWrEn,Breakpoint,@6,$9.dst}
(W)     and (16|M0)   (eq)f0.0   tdr0.0<1>:f   tm0.2<4;4,1>:f    ~r211.0<8;8,1>:f {Compacted,$8}
(f0.1)  lzd (16|M0)              r21.3<1>:ud   r117.0<8;8,1>:ud                 {Compacted,@2,$0.dst}
        xor (16|M0)   (ne)f0.0   r80.0<1>:d    r0.0<0;1,0>:f     dbg0.12<8;8,1>:ub {Compacted,@5,$2.dst}
        shl (32|M16)  (ov)f0.0   (sat)a0.1<4>:d  -r105.2<0;16,4>:uq  (abs)cr0.5<1;2,1>:ud {$14}
(W&f1.0.any2h) asr (8|M24)       acc0.1<2>:q   (abs)r32.1<0;4,1>:w  -17564:w            {Atomic,Breakpoint,@6,$6.dst}
        shl (16|M16)             r43.0<1>:uw   (abs)r104.0<8;8,1>:uw  0xD56:uw         {Compacted,@6,$4.dst}
        and (8|M0)    (eq)f0.0   acc0.1<1>:f   mme7.0<2;4,0>:f   ~r32.0<2;2,1>:f  {Breakpoint,Compacted,$15.src}
(W)     bfe (16|M0)              mme0.0<1>:f   r48.7<8;1>:f      r176.0<8;1>:f     r222.6<1>:f      {Compacted,@7,$3.dst}
(W&~f1.1.anyv) halt (16|M28)                 607132588                  422111633                 {@7,$5.dst}
        movi (8|M0)              r49.0<1>:f    acc7.6<2;1,0>:f   r33.0<4;4,1>:f   {Compacted,@5,$14.dst}
(W)     mov (16|M16)             r39.1<1>:f    7.34684e-39:f                               {Compacted,$5.dst}
(W)     cmpn (8|M24)             cr0.5<4>:w    -(abs)acc1.0<8;2,1>:ud  (abs)r80.15<1;2,1>:hf {@2,$12.dst}
(f0.0.all16h) cmpn (1|M0) (lt)f0.0  r15.2<4>:df  (abs)f1.6<2;2,1>:ud  fc3.5<32;2,4>:hf {$9}
(W)     and (16|M16)             r40.2<1>:f    r128.0<2;2,1>:f   ~f1.0<0;1,0>:ub  {Breakpoint,Compacted,$11.src}
        rol (16|M0)   (ne)f0.0   tm0.0<1>:d    r40.5<8;8,1>:d    -1270:w               {Compacted,$1.src}
(W)     asr (32|M0)   (lt)f0.1   r194.4<2>:d   (abs)sp.3<8;1,2>:w  13:w             {@2,$14.dst}
(W)     fbl (16|M0)              r39.0<1>:f    r0.3<0;1,0>:ub                   {Compacted,@4,$1.dst}
        rndz (8|M16)             r64.0<1>:uw   r[a0.8,-72]<1,0>:uw              {Compacted,@1,$1.dst}
(W&f0.1.allv) shr (32|M0) (gt)f0.1  (sat)fc3.28<1>:ud  (abs)r249.8<2;4,0>:hf  r[a0.0,-406]<32;16,1>:ub {AccWrEn,Atomic,@2,$12.dst}
        csel (8|M24)             dbg0.0<1>:f   r49.6<0;0>:f      sr0.0<8;1>:f      r92.4<1>:f       {Compacted,@2,$9.dst}
(W)     movi (16|M0)             r245.0<1>:f   (abs)r107.0<0;1,0>:f  r58.2<4;1,0>:f {Compacted,$5.src}
(f1.1)  addc (16|M0)             r160.0<1>:d   r32.0<0;1,0>:d    -1536:d               {Compacted,@7,$2.dst}
(W)     bfi2 (16|M16)            r192.0<1>:f   r16.2<8;1>:f      fc0.0<8;1>:f      r151.0<1>:f      {Compacted}
(W)     math.inv (1|M20)         r223.8<2>:w   r61.0<0;8,0>:q                   {Atomic,$15}
        and (16|M16)             r84.0<1>:ud   ~r42.0<2;2,1>:ud  r194.0<0;1,0>:ud {Compacted,@5,$9.dst}
        fbh (8|M0)               r183.0<1>:f   r[a0.13,-271]<1,0>:f             {Compacted,@4,$7.dst}
(W)     bfi1 (1|M8)              mme0.13<1>:uw  dbg0.3<1;1,2>:ud  0xEC3C8084:ud             {$13.dst}
        frc (16|M0)   (lt)f1.0   r39.0<1>:d    -r211.4<8;8,1>:ud                {Compacted,@4,$8.dst}
(W)     fbh (1|M0)               acc1.28<1>:ub  acc1.0<4;1,0>:ub                {Compacted,@5,$2.dst}
        cmp (1|M0)               r128.0<1>:f   r0.0<2;4,0>:ud    f0.16<2;2,1>:ub  {Compacted,@6,$11.dst}
(~f1.0.all16h) math.log (32|M16)   (sat)r175.1<2>:q  -30925:w                         {Breakpoint,$13.src}
(W)     send.dc1 (1|M16)         r127     r119    r123    0x27E1C7C0            0x3D1CCF4C           {EOT,$9.dst} // wr:14h+31, rd:17; untyped a64 atomic int16 integer pre-decrement (returns pre-decrement value)
        add (16|M0)              r49.0<2>:f    r[a0.13,1]<1,0>:f  -dbg0.0<4;4,1>:ub {Compacted,@6,$8.dst}
(W)     bfrev (2|M0)             r192.2<1>:ud  r240.0<8;8,1>:ud                 {Compacted,$1}
        fbl (16|M0)              r220.6<1>:w   r[a0.0,-359]<1,0>:uw             {Compacted,@6,$11.dst}
        xor (4|M12)   (gt)f0.0   r192.4<4>:d   ~r21.27<16;1,0>:ub  -(abs)msg0.31<8;2,2>:ud {@3,$13.dst}
        shl (16|M0)   (ge)f0.0   r240.0<1>:f   msg0.0<2;2,1>:f   -(abs)r211.2<8;8,1>:f {Compacted,@6,$11.dst}
        csel (16|M16)            dbg0.0<1>:f   r48.0<8;1>:f      -r33.3<0;0>:f     r166.0<1>:f      {Compacted,$5.dst}
(W&f0.1.all16h) ror (1|M8) (ne)f0.1  r[a0.1,210]<2>:f  r42.5<16;8,2>:f  r127.3<32;4,1>:q {@3,$0.dst}
(W)     sync.allwr                           ($0,$2,$4,$5,$6,$7,$8,$9,$10,$12,$15,$16,$18,$19,$22,$23,$25,$26,$27,$28)                 {Breakpoint,$10.src}
(f1.1)  mul (16|M0)              r16.0<1>:f    -(abs)r176.0<8;8,1>:f  4.417621e-29:f          {Compacted,$6.dst}
(f1.1)  send.pixi (32|M4)        r193     null    null    0x23209700            0x105C4199           {@5,$7} // wr:8h+28, rd:5; ?
(f1.1.any16h) mul (2|M12) (ov)f1.1  (sat)tm0.11<2>:ub  (abs)r[a0.4,87]<32;2,4>:hf  -(abs)cr0.15<2;1,2>:ub {$2.src}
(f0.0)  cmp (16|M0)              r49.7<1>:ud   -tm0.0<8;8,1>:ud  acc7.0<8;8,1>:ub {Breakpoint,Compacted,$15.src}
        send.dcro (4|M12)        null     r174    null    0xF08A0500            0x18677B06           {@3,$3} // wr:12+20, rd:6; ?
(W)     mach (4|M28)             r185.0<1>:df  -(abs)acc0.2<16;8,2>:q  (abs)r[a0.2,146]<16;1,1>:b {@6,$7.dst}
(W)     cbit (8|M0)              acc1.7<1>:f   r112.0<8;8,1>:f                  {Compacted,@2,$9.dst}
(f1.1)  frc (16|M0)              r41.0<1>:uw   (abs)f0.12<8;8,1>:uw             {Compacted,@2,$10.dst}
(W)     ror (16|M16)             r192.0<1>:d   r176.5<8;8,1>:d   r39.0<4;4,0>:d   {Compacted,$14.dst}
(W)     movi (16|M0)             r135.6<1>:uw  tdr0.0<2;4,0>:uw  f1.0<2;2,1>:ub   {Compacted,@3,$8.dst}
(W)     mach (2|M12)             tm0.9<4>:w    -acc0.0<8;2,4>:uw  0xFAA13694:v              {@7,$8.dst}
(f0.1.all4h) or (16|M20)         n0.15<1>:uw   -(abs)r47.1<16;16,0>:df  0x62EF:uw       {@7,$11.dst}
        rol (16|M0)   (lt)f1.0   r39.3<1>:f    r[a0.13,1]<1,0>:d  cr0.0<8;8,1>:ub {Breakpoint,Compacted,@7,$15.dst}
        mad (8|M8)               r192.0<1>:f   r192.0<0;0>:f     r192.0<0;0>:f     r190.6<1>:f      {Compacted,@4,$7.dst}
        movi (1|M0)              r112.0<2>:ud  r208.0<1;1,0>:ud  r40.3<4;4,1>:ud  {Compacted,$4.src}
(f1.1)  rndu (16|M0)             r230.0<1>:d   (abs)r142.3<0;1,0>:d             {Compacted,@6,$5.dst}
        cmp (8|M0)               r39.0<1>:f    -r48.1<0;1,0>:uw  -(abs)f1.0<0;1,0>:ub {AccWrEn,Compacted,@7,$0.dst}
(W)     mad (16|M0)              ip<1>:f       r192.2<0;0>:f     r211.0<8;1>:f     r70.1<0>:f       {Compacted,@2,$13.dst}
        cmp (16|M0)   (eq)f0.0   r47.0<2>:ud   r208.6<2;1,0>:ud  -(abs)r211.6<8;8,1>:ud {Compacted,@7,$13.dst}
        sync.nop                             null                             {Compacted,$3.src}
        mul (16|M0)   (eq)f0.0   r78.0<1>:f    -r120.12<2;2,1>:uw  acc6.0<8;8,1>:ub {Compacted,@5,$1.dst}
        bfrev (1|M0)             r40.0<1>:d    r223.0<8;8,1>:ud                 {Compacted,$15.src}
(W)     mad (16|M0)              r11.0<1>:f    r171.7<8;1>:f     r12.0<0;0>:f      -r35.0<0>:f      {Compacted,$12.src}
        add (16|M0)   (ne)f0.0   r192.0<1>:f   r176.0<4;4,1>:ud  mme0.20<2;2,1>:ub {Compacted,@5,$13.dst}
(f0.1.any4h) sendc.dc0 (16|M24)   null    null    null    0xEE4D3E00            0x1747C0A4           {Atomic,Serialize,@5,$3} // wr:11+24, rd:20; hword scratch block write x1
(f1.1)  add (16|M0)              dbg0.0<1>:f   r39.0<0;1,0>:f    0x28800000:f               {Compacted,$8.src}
(W)     cbit (16|M0)             r58.0<1>:d    r40.0<8;8,1>:d                   {Compacted,$4.dst}
(f1.1.any8h) avg (16|M4)         r139.10<4>:ub  (abs)f1.12<2;2,1>:uw  -(abs)r157.3<2;8,1>:uq {Atomic,@6,$4.dst}
(W)     add (16|M0)   (ge)f0.0   r80.0<1>:ud   r80.0<8;8,1>:ud   0xF0A:ud              {Compacted,@6,$9.dst}
(W)     bfi1 (2|M0)              ce<1>:f       r[a0.12,1]<1,0>:f  0x10200000:f              {Breakpoint,Compacted,@1,$1.dst}
(f0.0.all8h) subb (2|M28) (ov)f0.0  r[a0.10,-166]<1>:f  sr0.5<16;2,0>:uw  r22.12<16;2,1>:hf {$0}
(W)     mac (16|M0)   (ge)f0.0   r33.0<2>:f    r176.7<4;4,0>:f   -(abs)ip<0;1,0>:ub {Compacted,@6,$4.dst}
(W)     sync.nop                             null                             {Compacted,@1,$11.dst}
        subb (8|M0)              r40.0<1>:f    r47.16<8;8,1>:ub  ce<0;1,0>:ub     {AccWrEn,Compacted,$4.dst}
        bfe (16|M16)             fc1.0<1>:f    r164.1<0;0>:f     r54.0<8;1>:f      r41.3<1>:f       {Compacted,@6,$11.dst}
(f1.0)  addc (16|M0)             acc1.0<1>:d   r33.0<0;1,0>:d    785:w               {Compacted,@3,$3.dst}
(f0.0.any4h) or (1|M8) (eq)f0.0  r[a0.14,272]<1>:d  null.9<8;2,1>:hf  ~r[a0.14,-278]<4,2>:w {Atomic,Breakpoint,@3,$9.dst}
        bfrev (8|M0)             r49.0<1>:f    dbg0.0<0;1,0>:f                  {Compacted,@1,$12.dst}
(W&~f1.1.allv) send.gtwy (8|M20)   r86    r73     null    0x96B61980            0x1904347E           {Breakpoint,EOT,Serialize,@4,$1} // wr:12+6, rd:16; ?
        sendc.dc1 (32|M16)       r213     r164    r244    0xF8AB9AC0            0x33AC82D2           {@5,$1} // wr:9h+11, rd:26; untyped a64 atomic int32 logical OR
(W)     bfi1 (2|M0)              r228.2<4>:d   r213.3<8;1,2>:f   0x33B5D393:uv              {AccWrEn,Breakpoint,@5,$3.dst}
(W&~f0.1.any4h) mach (1|M4)      r147.2<1>:df  -(abs)r35.6<32;16,4>:f  (abs)r[a0.12,44]<4,0>:f {$6.src}
(f1.0)  or (16|M0)               r10.0<1>:d    r224.4<2;2,1>:ud  1782:w               {Compacted,@4,$8.dst}
        avg (16|M0)              (sat)r0.0<1>:d  r211.0<2;2,1>:ud  267:w             {Compacted,@3,$7.dst}
(W)     subb (8|M0)   (ov)f1.1   r6.1<1>:uq    r82.0<4;2,0>:q    sp.8<1;2,0>:b    {Atomic,Breakpoint,$13}
(W)     cmpn (16|M0)  (lt)f0.0   r48.0<1>:ud   (abs)r160.0<0;1,0>:ud  (abs)r16.0<8;8,1>:ud {Compacted,@6,$12.dst}
(W)     rol (16|M0)   (lt)f0.0   acc7.3<1>:d   r240.3<8;8,1>:d   r144.0<4;4,1>:uw {Breakpoint,Compacted,@2,$2.dst}
(W)     dp4a (16|M16)            r59.0<1>:f    r8.6<8;1>:f       r144.0<8;1>:f     r228.0<1>:f      {Compacted,@4,$9.dst}
(W)     sync.allwr                           ($0,$1,$2,$3,$6,$7,$9,$11,$12,$15,$16,$23,$25,$26,$27,$30,$31)                 {$12}
(W)     mad (4|M0)               r16.0<1>:f    r47.3<8;1>:f      ip<8;1>:f         -r114.0<1>:f     {Breakpoint,Compacted,@4,$5.dst}
(W)     jmpi                                 -602992420                                 {@1,$11.dst}
(W&~f1.0) avg (4|M0)             fc3.4<2>:hf   (abs)acc1.1<0;16,0>:df  -r[a0.8,502]<16;2,2>:df {@4,$5.dst}
        bfrev (8|M0)             r211.3<2>:ud  r40.3<4;1,0>:ud                  {Compacted,@2,$11.dst}
(W)     sync.allwr                           ($0,$2,$4,$7,$10,$12,$18,$19,$24,$25,$29,$30)                 {@6,$10.dst}
(f0.1.all32h) cmpn (16|M20) (lt)f0.1  r2.30<2>:b  r10.2<8;16,1>:d  0xAE1B5450:f             {@2,$13.dst}
        shl (8|M0)    (eq)f0.0   r182.0<1>:f   r[a0.2,193]<1,0>:ub  (abs)fc2.28<8;8,1>:ub {Compacted,$8.dst}
(W)     math.inv (4|M16)         r99.3<2>:df   -acc1.3<1;1,0>:w                 {$3.src}
(W)     or (8|M0)     (eq)f0.0   r204.1<4>:df  r18.0<8;16,4>:q   0x47F2115A:vf              {@6,$1.dst}
        cmpn (16|M0)             r80.0<2>:ud   r33.0<4;4,1>:ud   -r32.7<8;8,1>:ud {Compacted,$7}
        not (16|M0)   (lt)f0.0   r163.1<1>:d   ~r205.1<8;8,1>:d                 {Compacted,$13.dst}
        xor (1|M8)    (ge)f1.1   r[a0.10,31]<4>:ub  -(abs)r35.14<2;16,2>:uw  -(abs)cr0.1<8;4,4>:q {@5,$9.dst}
(W&f0.1.allv) cmpn (2|M20) (eq)f0.1  r206.7<1>:uw  -ip.6<16;8,0>:uq  0xB5B22F45:ud          {@1,$10.dst}
(W)     jmpi                                 1737153080                                 {@3,$5.dst}
(f0.0)  cbit (16|M0)             r40.0<2>:ud   r240.4<8;8,1>:ud                 {Compacted,@6,$14.dst}
        rndz (16|M0)             msg7.12<1>:f  r227.3<8;8,1>:f                  {Compacted,@2,$15.dst}
(~f0.0.any4h) avg (2|M16)        r[a0.3,-509]<1>:uq  sp.1<16;16,2>:f  0xF59AE4DB:v          {$2}
        not (16|M0)   (lt)f0.0   r160.0<1>:f   r160.12<2;4,0>:uw                {Compacted,@4,$10.dst}
(f0.1)  mul (16|M0)              r13.0<1>:d    r149.6<2;4,0>:d   r223.6<4;1,0>:d  {Compacted,$6.src}
        lzd (16|M0)   (gt)f0.0   tm0.0<1>:uw   -mme7.0<2;2,1>:uw                {Breakpoint,Compacted,$14.dst}
        bfi1 (16|M0)             r32.0<1>:f    mme0.0<0;1,0>:f   r64.1<2;2,1>:f   {Compacted,@2}
        math.idiv (2|M12)        r217.1<2>:d   -(abs)tm0.3<8;4,1>:q  (abs)fc0.6<4;4,4>:q {AccWrEn,Atomic,Breakpoint,@6,$7}
        avg (16|M16)             r199.0<1>:d   -r39.2<0;1,0>:ud  1826:w               {Compacted,@1,$9.dst}
        cmp (16|M0)              r209.0<1>:f   msg5.0<2;1,0>:f   r45.4<2;2,1>:f   {Compacted,$14.dst}
(W)     mad (8|M8)               r170.0<1>:f   -r205.7<8;1>:f    -r95.0<8;1>:f     r194.4<1>:f      {Compacted,@2,$9.dst}
        sync.allrd                           ($2,$6,$10,$12,$14,$15,$16,$17,$21,$30)                 {Atomic,Breakpoint,@2,$12.dst}
        movi (16|M0)             r16.0<1>:ud   fc3.16<2;4,0>:ud  f0.0<4;4,0>:ub   {Breakpoint,Compacted,@5,$9.dst}
(W)     bfrev (2|M0)             r95.0<2>:ud   r153.0<0;1,0>:ud                 {Breakpoint,Compacted,@4,$15.dst}
(f0.1)  subb (16|M0)             r192.0<1>:f   r160.0<8;8,1>:d   tm0.16<2;1,0>:ub {Compacted,$1.dst}
        movi (8|M8)              r160.0<1>:ud  fc0.0<2;2,1>:ud   -(abs)ip.28<8;8,1>:ub {Breakpoint,Compacted,$9.dst}
        mad (8|M8)               r32.0<1>:f    tdr0.7<4;1>:f     r80.0<8;1>:f      r63.4<0>:f       {Compacted,@7,$3.dst}
        cbit (8|M0)              r215.1<1>:w   r88.1<8;8,1>:uw                  {Compacted,@3,$7.dst}
(f0.1)  cmp (16|M0)              r74.0<1>:d    r188.0<2;1,0>:d   -361:w               {Compacted,@1,$9.dst}
(W&~f1.0.all32h) send.ts (4|M4)   null    null    null    0xED4B3E00            0x01B9D4D9           {Atomic,@2,$13} // wr:0h+24, rd:27; ?
        mac (8|M0)    (ge)f0.0   r142.7<1>:ud  r20.0<0;1,0>:ud   -r9.0<4;4,1>:ud  {Compacted,@1,$8.dst}
(W)     math.idiv (16|M8)        r96.1<1>:df   -f0.0<32;1,1>:df  fc3.1<0;8,0>:hf  {AccWrEn,Breakpoint,@6,$8}
        lzd (16|M0)   (ne)f0.0   r64.0<1>:uw   -tdr0.0<8;8,1>:uw                {Compacted,@6,$10.dst}
        rndd (16|M0)  (gt)f0.0   acc4.0<1>:d   (abs)r80.0<8;8,1>:d              {Compacted,@7,$5.dst}
(W)     fbh (1|M0)               f0.0<1>:d     r128.0<0;1,0>:d                  {Compacted,@6,$6.dst}
        rol (8|M0)    (ge)f0.0   r64.0<1>:f    fc3.0<4;4,0>:f    sp.0<0;1,0>:ub   {Compacted,@4,$2.dst}
(W)     sendc.dc1 (32|M12)       r162     r151    r13     0x9E22E240            0x01D9C354           {@5,$14} // wr:0h+9, rd:29; typed atomic 16-bit integer logical XOR
        rndd (8|M0)   (eq)f0.0   r49.0<1>:d    r33.0<2;4,0>:f                   {Compacted,$9.dst}
        sync.allwr                           ($0,$2,$5,$7,$8,$9,$11,$13,$14,$15,$16,$20,$29,$31)                 {Atomic,@5,$6.dst}
(W)     asr (16|M0)   (lt)f0.0   cr0.0<1>:f    -(abs)r211.3<8;8,1>:f  r64.0<4;1,0>:f {Compacted,@4,$8.dst}
        lzd (16|M0)              dbg0.7<1>:f   -r40.0<2;2,1>:f                  {Compacted,@1,$10.dst}
(f0.1)  and (16|M0)              r40.0<2>:ud   (abs)r162.0<8;8,1>:ud  (abs)r141.0<0;1,0>:ud {Compacted,@7,$3.dst}
        or (1|M12)               r255.15<2>:hf  r82.7<2;4,0>:d   ~sp.13<2;16,1>:w {@1,$5.dst}
(W)     rndz (16|M0)  (ge)f0.0   r31.0<1>:f    r151.0<2;1,0>:d                  {Compacted,@4,$11.dst}
        send.dc1 (32|M28)        r3       r48     r86     0xF222B340            0x2161A946           {Atomic,Breakpoint,EOT,$14} // wr:0+13, rd:22; typed atomic 32-bit integer commuted integer subtract
        shl (16|M0)              (sat)r32.3<1>:d  (abs)r176.3<0;1,0>:d  1537:w        {Compacted,@2,$8.dst}
(~f1.1.any32h) math.idiv (16|M4)   dbg0.11<1>:hf  -r167.20<8;2,0>:ub  -r124.0<2;2,2>:ud {$3.dst}
        bfrev (8|M0)             r39.0<1>:f    r102.10<8;8,1>:ub                {Breakpoint,Compacted,@5,$13.dst}
(f1.0)  rndd (16|M0)             r160.1<1>:f   (abs)msg0.0<0;1,0>:f             {Compacted,$2.dst}
        dp4a (16|M0)             r172.0<1>:f   r244.1<0;0>:f     r135.0<8;1>:f     r17.3<0>:f       {Compacted,@6,$4.dst}
        or (16|M0)    (eq)f0.0   r47.0<1>:d    (abs)r49.6<8;8,1>:ud  6:w           {Breakpoint,Compacted,$3.src}
        sendc.dc0 (32|M16)       r68      r104    r36     0x5C2750C0            0xE853CE91           {Atomic,Breakpoint,EOT,$6.src} // wr:4+3, rd:5; ?
(W)     xor (16|M0)   (lt)f0.0   r80.1<1>:ud   (abs)r211.1<8;8,1>:ud  0xD38:ud         {Compacted,@3,$2.dst}
        send.dc1 (2|M28)         r249     null    null    0xA3576C40            0x0153816D           {Atomic,Breakpoint,EOT,@4,$7} // wr:0+17, rd:21; typed surface read returning status with yzw
        rndz (16|M0)  (ge)f0.0   r112.0<1>:f   -(abs)r144.5<8;8,1>:uw           {Compacted,$11.src}
        xor (8|M0)               r42.0<1>:f    r33.4<8;8,1>:uw   -(abs)msg1.0<0;1,0>:ub {Compacted,@2,$4.dst}
(f1.1)  shl (16|M0)              r64.0<1>:f    -(abs)r128.0<8;8,1>:d  (abs)f1.16<8;8,1>:ub {Compacted,@3,$12.dst}
(W)     math.idiv (16|M4)        fc0.10<1>:d   -(abs)f1.14<1;8,0>:w  mme0.1<4;16,0>:uq {@7,$8}
(W&f0.0.allv) math.rsqt (32|M28)   r2.2<1>:hf  -(abs)msg0.13<32;8,4>:b          {$15}
        cbit (8|M0)              r160.3<1>:f   r128.3<4;4,0>:f                  {Compacted,@1,$9.dst}
        dp4a (8|M0)              fc3.0<1>:f    r0.7<0;0>:f       r208.0<8;1>:f     r30.6<0>:f       {Breakpoint,Compacted,@1,$6.dst}
        mac (16|M0)              (sat)r146.0<1>:d  r218.0<2;4,0>:d  -292:d            {Breakpoint,Compacted,@4,$15.dst}
(W)     sendc.vme (1|M0)         r215     null    r22     0x775AA340            0x36D81504           {EOT,@3,$5} // wr:11h+13, rd:13; ?
        mach (8|M0)              r65.1<1>:f    r228.0<1;1,0>:f   2.888895e-33:f               {AccWrEn,Compacted,@4,$1.dst}
(W)     fbl (1|M0)               r93.0<2>:f    r76.7<2;4,0>:f                   {Compacted,$13}
        send.pixi (2|M12)        null     null    r32     0xB9CB1400            0x3739D5A7           {Atomic,EOT,@1,$1} // wr:11h+16, rd:19; ?
(W&f0.1) cmpn (16|M12) (eq)f0.1  mme0.22<4>:b  r[a0.7,117]<2,1>:df  -r14.14<4;8,4>:uw {@2,$0.dst}
        sync.nop                             null                             {@2,$8.dst}
        lzd (8|M16)              r80.0<1>:f    r144.4<2;2,1>:f                  {Compacted,$9.dst}
        fbl (8|M0)               r208.0<1>:f   r208.1<2;1,0>:ud                 {AccWrEn,Compacted,$8.src}
(f0.0.any32h) send.dc1 (2|M16)   r198     r230    r242    0x8CAD2780            0xC678E387           {@1,$8} // wr:3h+30, rd:7; untyped atomic int16 logical XOR
        mach (8|M0)              r176.0<1>:f   tm0.4<4;4,1>:f    fc0.0<8;8,1>:ub  {Compacted,@3}
(W&f0.0.all16h) sendc.cre (8|M24)   r25   null    null    0x4B94F400            a0.0       {Atomic,EOT,Serialize,@5,$15} // wr:0+16, rd:a0.0[24:20]
        shl (8|M0)               (sat)tm0.0<1>:f  r16.0<2;4,0>:f  8.881784e-15:f              {Compacted,@2,$14.dst}
(~f0.1.all16h) send.vme (16|M24)   r254   null    r189    0xD08602C0            0x0EEB10AA           {EOT,@1,$7} // wr:7h+11, rd:14; ?
(f0.1.anyv) sendc.dc1 (2|M28)    r34      null    r206    0x33B47C00            0x2438D189           {@7,$5} // wr:2h+16, rd:3; untyped atomic int16 logical AND
(f1.0)  lzd (16|M0)              r211.0<1>:d   r223.2<2;4,0>:d                  {Compacted,$4}
        lzd (16|M0)   (lt)f0.0   f1.0<1>:f     r112.0<8;8,1>:f                  {Compacted,@6,$11.dst}
(f0.0)  not (16|M0)              r144.0<1>:uw  r39.5<4;1,0>:uw                  {Compacted,@1,$14.dst}
(f0.1)  or (16|M0)               r48.0<1>:f    null.2<2;4,0>:f   0x50C00000:f               {Compacted,@5,$12.dst}
        addc (8|M8)              r160.3<2>:ud  r80.3<8;8,1>:ud   r0.0<8;8,1>:ud   {Compacted,@7,$8.dst}
        cmp (16|M0)   (eq)f0.0   r47.6<2>:ud   r[a0.1,1]<1,0>:ud  -(abs)r176.0<8;8,1>:ud {Compacted,@4,$9.dst}
(W)     sync.allrd                           ($1,$3,$4,$6,$8,$9,$10,$11,$13,$14,$15,$16,$17,$20,$21,$22,$27,$28,$30,$31)                 {@3,$12.dst}
(f1.0)  cbit (16|M0)             r49.0<1>:f    mme0.0<8;8,1>:f                  {Compacted,$7.src}
(W&f1.1.any32h) send.dc0 (1|M20)   null   null    r96     0x9BC94E40            0x3B2B0E6E           {EOT,@6,$8} // wr:13h+25, rd:18; byte scattering write
        addc (16|M0)  (lt)f0.0   r53.0<2>:f    r[a0.8,-447]<1,0>:f  cr0.12<2;2,1>:ub {Compacted,$15.src}
        or (8|M0)     (eq)f0.0   ip<1>:f       r47.4<1;1,0>:f    ~r39.0<0;1,0>:f  {Compacted,@1,$15.dst}
        xor (8|M0)               r80.0<1>:d    r176.4<4;1,0>:d   r224.0<2;2,1>:d  {Compacted,$8.src}
(W)     asr (16|M0)              r176.0<1>:ud  (abs)r96.0<8;8,1>:ud  0xC03:ud          {Compacted,$2.src}
        dp4a (8|M8)              r103.0<1>:f   r207.0<8;1>:f     r241.0<8;1>:f     r125.3<0>:f      {Compacted,$12}
(W)     cmp (2|M0)               r160.0<1>:f   r[a0.1,25]<1,0>:f  0xF0100000:f              {Compacted,@4}
        send.dc0 (1|M16)         null     null    r2      0xF1B0ADC0            0x2CFE49CF           {@6,$1} // wr:6h+23, rd:15; hword scratch block write x1
(W)     fbl (16|M0)              r90.2<1>:w    r168.0<4;1,0>:uw                 {Compacted,$10.dst}
(W&~f0.0.any2h) send.dc0 (1|M8)   null    null    null    0x44DD6980            0x23ECC5FF           {EOT,@1} // wr:1h+6, rd:30; hword scratch block read x1
(W)     cmpn (8|M4)   (gt)f1.0   msg0.13<4>:ub  -r151.1<2;4,0>:w  tm0.10<0;16,1>:b {@4,$11.dst}
(W)     mac (16|M16)             mme7.14<1>:uw  ce<2;4,0>:uw     fc0.0<2;2,1>:ub  {Breakpoint,Compacted,$3.dst}
        rndd (1|M0)              r48.0<1>:f    0xF0E00000:f                               {Compacted,@3,$4.dst}
(W)     rndd (16|M0)  (eq)f0.0   f0.7<1>:f     -ce.2<0;1,0>:f                   {Compacted,$0}
(W&f1.1.any32h) send.cre (1|M28)   null   null    r218    0xE2653C40            0x0454CEF6           {EOT,@6,$11} // wr:2+17, rd:5; ?
(W)     sendc.dc1 (32|M16)       r119     r227    null    0xE97C0900            0x3C335063           {Serialize,@6,$15} // wr:14+4, rd:3; typed surface write with xyzw; ???
(W)     jmpi                                 -1601171478                                 {@3,$15.dst}
(W)     send.dcro (2|M0)         null     null    r189    0xE2499A00            0x2844229E           {@7,$8} // wr:4+8, rd:4; ?
(f0.1.any16h) send.vme (1|M4)    null     r179    null    0x79133280            0x3AFE9F40           {EOT,@5,$11} // wr:13h+10, rd:15; ?
        sendc.dc1 (4|M12)        null     r68     r23     0x7A0852C0            0x1D3C9F6B           {Atomic,EOT,Serialize,@7,$15} // wr:14h+11, rd:19; untyped a64 atomic int64 integer pre-decrement (returns pre-decrement value)
(~f0.1.all2h) sendc.ts (1|M0)    r218     null    r247    0x80E42CC0            a0.0       {Breakpoint,EOT,Serialize,@5,$6} // wr:0+19, rd:a0.0[24:20]
        rndd (8|M8)              r49.7<2>:f    -(abs)r80.0<8;8,1>:f             {Compacted,@1,$1.dst}
(W)     fbl (1|M0)               r99.0<1>:d    r3.6<0;1,0>:d                    {Breakpoint,Compacted,@5,$4.dst}
        mach (16|M0)             r132.0<1>:ud  r248.2<4;4,1>:ud  0xCC7:ud              {Compacted,@4,$3.dst}
(f0.0)  mach (16|M0)             mme7.0<1>:f   r32.0<4;4,1>:f    -(abs)r47.0<8;8,1>:f {Compacted,@3,$4.dst}
(W&~f0.1.anyv) send.ts (8|M8)    null     null    r92     0x196B06C0            0x7952DBC7           {Serialize,@5,$5} // wr:12+27, rd:21; ?
        avg (16|M0)              (sat)r155.0<1>:ud  -r73.0<0;1,0>:ud  -r72.7<0;1,0>:ud {Compacted,@1}
(W)     avg (16|M16)             r80.0<1>:f    (abs)r208.0<8;8,1>:ub  -tm0.24<4;4,1>:ub {Compacted,@5,$2.dst}
        subb (8|M24)             r102.0<1>:ud  r192.0<8;8,1>:ud  r130.7<4;4,1>:ud {Compacted,@3,$11.dst}
(W&f0.0.all16h) cmpn (16|M24) (un)f0.0  r79.6<4>:uw  r237.5<8;16,2>:w  0x8258:uw        {@4,$7.dst}
        fbl (16|M0)              r49.5<1>:f    r49.0<0;1,0>:ub                  {Breakpoint,Compacted,$2}
(W&f1.1.any32h) sendc.dc0 (8|M24)   r179  r245    null    0x17372FC0            0x3B00595A           {@4,$14} // wr:13+31, rd:16; oword aligned block read x1H
        sendc.dc1 (8|M24)        null     null    null    0x99F248C0            0x385928B3           {Breakpoint,EOT,Serialize,$11.src} // wr:12h+3, rd:5; media block read
(~f1.0.any2h) math.invm (8|M12) (eo)f1.0  (sat)fc0.mme7<4>:f  (abs)r221.mme2<16;1,2>:ub  -(abs)acc0.mme0<32;2,1>:q {@2,$7}
        mac (16|M0)   (lt)f1.0   r49.0<2>:f    -r80.2<8;8,1>:f   f0.0<2;1,0>:ub   {Compacted,@2,$15.dst}
        not (8|M0)               r16.2<1>:f    r240.0<2;2,1>:f                  {Compacted,@2,$7.dst}
        mul (16|M16)             r182.0<1>:ud  (abs)r84.2<8;8,1>:ud  (abs)r26.0<8;8,1>:ud {Compacted,@2,$13.dst}
(f1.0.any2h) send.rc (4|M0)      r183     null    null    0x2BD958C0            0x1876C2BF           {EOT,@2,$12} // wr:12+3, rd:7; full-precision unknown render target op to surface 191
(W&~f0.0.any16h) send.dc0 (8|M16)   null  null    r144    0x7A211B40            0x05708C0F           {$7.dst} // wr:2+13, rd:23; oword dual block read
(W)     jmpi                                 -1352665855                                 {$11.dst}
(W)     not (1|M0)               r170.0<1>:f   -(abs)r191.2<8;8,1>:ud           {Breakpoint,Compacted,@5,$6.dst}
        fbl (16|M0)              f0.0<1>:d     r144.2<0;1,0>:d                  {Compacted,@7,$11.dst}
(W)     rndd (2|M0)              msg0.0<1>:d   r160.0<4;4,1>:d                  {Compacted,$0.dst}
        or (16|M0)               r137.0<1>:d   r128.3<2;1,0>:d   1909:d               {Compacted,@2,$9.dst}
        sync.nop                             null                             {Compacted,@1,$14.dst}
        fbl (16|M0)              r16.0<1>:f    r96.4<2;1,0>:f                   {Compacted,@5,$0.dst}
        send.dc0 (16|M8)         null     null    null    0xB270DF40            a0.0       {@1,$10} // wr:0+29, rd:a0.0[24:20]
(W)     sendc.pixi (1|M4)        null     r102    null    0xE66D4500            0x2D2F72D7           {$14.dst} // wr:6h+20, rd:18; ?
(~f0.0.anyv) sendc.dc1 (16|M8)   null     null    null    0x77D6E780            0xEFEECE99           {Breakpoint,@1,$2} // wr:7h+30, rd:30; float atomic 64b add (64b)
        fbl (16|M0)              r186.0<1>:f   r224.0<4;4,0>:ud                 {Compacted,@6,$10.dst}
        sendc.dcro (8|M8)        r53      null    r20     0x13371740            a0.0       {Atomic,EOT,$4.dst} // wr:0+29, rd:a0.0[24:20]
(W)     jmpi                                 -711880101                                 {Atomic,Breakpoint,@4,$12.dst}
(~f1.0.any16h) send.vme (4|M16)   null    r125    null    0x8786B800            0xFBFDC719           {Atomic,Breakpoint,EOT,@6,$3} // wr:13h+0, rd:31; ?
(W&~f0.0.all2h) sendc.dc0 (1|M4)   r155   null    null    a0.4        0x27D8084B           {@7,$5} // wr:3h+0, rd:29; oword block read x1
(W)     sendc.dc1 (32|M20)       null     r162    null    a0.0        a0.0       {EOT,Serialize,@3,$11} // wr:a0.0[28:25]+0, rd:a0.0[24:20]
        avg (8|M0)    (lt)f0.0   r176.0<1>:d   r240.7<1;1,0>:d   643:d               {Compacted,@7}
        send.ts (4|M0)           null     r28     null    0xC4F85A40            0x5009A37D           {Atomic,Serialize,@4,$6} // wr:8h+9, rd:0; ?
(W)     send.dc0 (2|M28)         null     r246    r117    0x28377240            0x10002836           {Atomic,@4,$15} // wr:8+9, rd:0; oword block read x1
(W&~f1.1.any2h) math.rsqtm (8|M12) (eo)f1.1  (sat)r32.mme4<2>:d  r151.mme0<2;4,4>:b {@3,$4}
        or (8|M0)                ip<1>:f       r160.0<0;1,0>:f   0x27100000:f               {Compacted,@5,$14.dst}
(W)     send.rc (2|M12)          null     null    null    0x47ACB900            0x0826E7D0           {Breakpoint,EOT,$6} // wr:4+4, rd:2; full-precision unknown render target op with Per-Sample Pixel PS outputs enable to surface 208
(W&f1.1.any8h) send.dc1 (32|M8)   null    null    r70     0xC30A1140            0x19C042AD           {$1.src} // wr:12+5, rd:28; untyped surface read with xzw
(W)     sendc.gtwy (8|M0)        r159     null    null    0x28CF0440            0xC934B612           {Atomic,EOT,Serialize,@4,$8} // wr:4+17, rd:19; monitor event
        mul (16|M0)              (sat)r240.7<1>:d  -r112.0<8;8,1>:d  267:w           {Compacted,@1,$13.dst}
        sendc.vme (2|M20)        r230     null    null    0x3AC4FF80            0x1A5E152C           {EOT,@6,$5} // wr:13h+30, rd:5; ?
        send.cre (32|M8)         r140     null    null    0x100FF080            0x06F3D962           {EOT,@4,$14} // wr:3+2, rd:15; ?
(W&~f1.0.any16h) sendc.smpl (4|M24)   null  r172  r79     a0.7        0x38951B15           {Breakpoint,EOT,@7,$2} // wr:12+a0.7[10:6], rd:9; simd16 with half precision parameters sample gather4+pixel offset using sampler index 11
(W)     mul (8|M0)               sp.7<1>:f     r0.0<4;1,0>:f     -r208.0<0;1,0>:f {Compacted,@3,$12.dst}
(W&~f1.0) send.cre (32|M12)      r231     null    r174    0x574BB3C0            0xD3DAB858           {@7,$13} // wr:9h+15, rd:29; ?
        mul (16|M0)   (lt)f1.0   r0.0<1>:ud    tdr0.0<4;4,1>:ud  (abs)sp.0<8;8,1>:ub {Breakpoint,Compacted,@3,$4.dst}
(~f0.1.any16h) send.gtwy (2|M0)   r18     r186    null    0xC13299C0            0x367E8C63           {EOT,@2,$6} // wr:11h+7, rd:7; unmonitor event
        math.iqot (2|M4)         acc1.15<1>:w  -r251.6<16;4,1>:uw  r113.2<0;2,4>:uq {@3,$15}
        subb (8|M16)             r47.1<1>:f    r[a0.2,456]<1,0>:f  r192.0<8;8,1>:f {Compacted,@4,$2.dst}
        mac (8|M0)               (sat)r192.0<1>:f  r144.0<4;1,0>:f  r160.1<8;8,1>:f {Compacted,$7.src}
(W)     fbl (16|M0)              r112.0<1>:f   r96.2<0;1,0>:f                   {Compacted,@3,$10.dst}
        sendc.gtwy (4|M20)       r54      r17     null    0xE6E47B80            0x0E7674C3           {EOT,@3} // wr:7+14, rd:7; unmonitor event
        send.urb (16|M16)        r94      null    null    0x35B47B00            0xD612FE1A           {EOT,@3,$14} // wr:11+12, rd:1; ?
(W&f1.1.any32h) math.log (16|M20)   (sat)r165.2<1>:q  -(abs)r215.1<0;4,2>:df    {@3,$0}
(f0.1)  avg (16|M0)              r48.6<1>:d    r32.0<2;2,1>:d    r33.0<4;4,1>:d   {Compacted,@1,$8.dst}
(W&~f1.0.any4h) sendc.dc1 (32|M0)   null  r101    r234    0x82DF1380            0x022905B5           {Atomic,EOT,Serialize,@2,$6} // wr:1h+14, rd:2; media block read with vertical line stride  and skip
        sendc.null (2|M24)       r216     r25     r27     0x22E3E4C0            0x259EEFC9           {Atomic,EOT,@6,$15} // wr:2h+19, rd:25; ?
(W)     math.rsqt (8|M20)        (sat)acc0.7<2>:ud  (abs)r81.0<2;16,2>:uq       {@2,$7}
(W)     cmp (2|M0)               r112.0<1>:d   -r47.0<2;2,1>:d   r40.7<4;1,0>:d   {Compacted,@3,$0.dst}
(f1.0.all4h) math.log (2|M0)     r27.28<2>:b   -6097:w                               {Atomic,Breakpoint,@5,$1}
(W&f1.1.allv) sendc.urb (32|M8)   null    r132    null    0xF7CEB640            0x33B7C124           {EOT,@7,$11} // wr:9+25, rd:27; ?
        fbl (16|M0)              r181.0<1>:f   r147.0<8;8,1>:ub                 {Compacted,@1,$10.dst}
        send.dc1 (4|M8)          null     null    null    0xC68B8040            0x38536350           {Atomic,Serialize,@3,$7} // wr:12+1, rd:5; typed surface write (high slot group) with zw; ???
        mul (16|M0)   (ge)f0.0   r9.6<1>:ud    r137.0<2;2,1>:ud  r212.0<8;8,1>:ud {Compacted,@6,$5.dst}
(W)     math.sin (16|M20)        (sat)n0.12<4>:uw  0x5AE7FF5D:ud                          {@3,$13}
(W&f0.1.all4h) sendc.dc1 (32|M16)   r94   null    null    0x562666C0            0x321919C2           {EOT,$13} // wr:9h+27, rd:1; media block read with vertical line stride  and skip
        jmpi                                 907572278                                 {Atomic,Breakpoint,@4,$4.dst}
(W)     mac (16|M16)             tdr0.0<1>:uw  dbg0.12<1;1,0>:uw  -sp.24<0;1,0>:ub {Breakpoint,Compacted,@5,$7.dst}
(W)     sendc.dc2 (32|M0)        r172     null    r240    a0.3        0x158E5F2B           {EOT,@2,$2} // wr:10h+a0.3[10:6], rd:24; ?
(f0.1)  not (16|M0)              r40.5<1>:d    r0.0<4;1,0>:d                    {Breakpoint,Compacted,@6,$11.dst}
(W&f0.1.any16h) sendc.cre (32|M20)   r199  r13    null    0xCA5A1700            0x32DC88F9           {@2,$8} // wr:9h+28, rd:13; ?
(W)     not (2|M0)               r21.0<1>:ud   ~r191.0<8;8,1>:ud                {Compacted,$2.src}
        send.dc1 (2|M20)         r207     null    r134    0x7489A300            0x07573D52           {@2,$14} // wr:3+12, rd:21; untyped half-float atomic subtract (16b) with return
(f1.1.any4h) math.rsqtm (2|M24) (eo)f1.1  (sat)n0.mme4<2>:hf  0x481C:uw               {AccWrEn,Atomic,@3,$11}
(W&~f1.0.any8h) sendc.dc0 (32|M20)   r77  r192    null    0x32BD8900            0xBB47C3D9           {@5} // wr:13+4, rd:20; hword scratch block write x1
(W)     subb (16|M0)  (eq)f0.0   r155.14<1>:w  r174.1<4;1,0>:uw  0xB0C:v               {Breakpoint,Compacted,@1,$11.dst}
(f0.1.any8h) send.dc1 (16|M8)    r145     r222    r90     0x593E0540            0x0C472C14           {Atomic,Breakpoint,EOT,Serialize,@4,$3} // wr:6+21, rd:4; untyped half-float atomic add (16b) with return
(W)     jmpi                                 540065367                                 {@7,$9.dst}
(W)     sendc.dc0 (32|M8)        null     r94     null    0x6A980E40            0x326A37DA           {EOT,@7,$4} // wr:9h+25, rd:6; oword block write x0
(~f1.0.anyv) sendc.ts (16|M20)   r22      null    r80     a0.6        a0.0       {@7,$6} // wr:0+a0.6[10:6], rd:a0.0[24:20]
        sync.nop                             null                             {Compacted,@5,$6.dst}
        subb (8|M0)              r123.8<1>:w   r[a0.2,-511]<1,0>:uw  0x47F:v           {Compacted,@3,$3.dst}
        send.rc (8|M8)           null     null    null    a0.3        a0.0       {Serialize,@1,$3} // wr:0+0, rd:a0.0[24:20]
(W&~f0.1.any8h) sendc.dc1 (1|M28)   null  r232    null    0x5854F180            0x1F02F087           {$2.dst} // wr:15+6, rd:16; typed atomic 32-bit counter 64b integer compare and swap; ???
(W&~f0.0.all32h) sendc.smpl (8|M4)   null  r46    null    0x39220000            0x2D927684           {$14} // wr:6+0, rd:25; simd8 half with precision parameters sample load using sampler index 6
(W)     sendc.dc0 (4|M24)        null     null    r124    0xD26E8440            0x04DEB723           {EOT,@2} // wr:2h+17, rd:13; hword scratch block write x8
(W)     subb (16|M0)             r231.0<1>:ud  r80.0<4;4,1>:ud   0xED0:ud              {Compacted,$15}
        sync.nop                             null                             {Breakpoint,Compacted,$0.dst}
        math.invm (2|M28) (eo)f0.1  acc1.nomme<2>:w  dbg0.mme6<0;8,1>:d  0x422FBB33:ud      {$12.src}
(W)     math.idiv (32|M8)        r199.8<2>:ub  -(abs)r32.23<1;8,4>:ub  0x9EB65E43:uv        {@3,$0}
(W)     math.cos (4|M12)         r173.6<2>:uw  r72.5<1;1,4>:f                   {@3,$11}
(f1.0.any16h) jmpi                           ip.2                             {Breakpoint,@3,$13.dst}
        sync.nop                             null                             {Compacted,@4,$12.dst}
        math.sin (16|M24)        (sat)r12.0<4>:uq  0x9C63F684:uv                          {AccWrEn,Atomic,Breakpoint,@1,$11}
        sync.nop                             null                             {Breakpoint,Compacted,$9.dst}
(W)     sync.nop                             null                             {Compacted,@2,$15.dst}
(~f1.1.all4h) jmpi                           -1221856753                                 {@3,$6.dst}
        math.rsqt (1|M4)         (sat)cr0.3<2>:uw  r57.6<0;1,1>:d               {@3,$0}
(W)     math.log (16|M12)        (sat)tdr0.3<2>:df  -r105.2<4;8,0>:q            {$11.dst}
        jmpi                                 -1956680374                                 {Breakpoint,@2,$13.dst}
        math.rsqt (8|M4)         r230.1<2>:df  -r10.6<32;4,4>:d                 {@3,$15}
(W)     jmpi                                 911672488                                 {@2,$11.dst}
(f0.1.any16h) jmpi                           -243004630                                 {@1,$13.dst}
(W)     math.rsqt (32|M24)       (sat)dbg0.7<4>:f  -(abs)r45.3<4;4,2>:w         {@2,$8}
(W)     math.cos (8|M0)          r167.0<2>:f   0x4803E587:uv                              {@1,$9}
        math.rsqt (16|M4)        (sat)ip.21<4>:hf  (abs)fc0.25<0;16,2>:df       {Atomic,@3,$2}
        jmpi                                 r49.4                            {@4,$6.dst}
(W&~f0.0.all32h) math.sqt (32|M0)   (sat)r93.12<1>:b  r237.3<32;2,2>:f          {Atomic,@2,$1}
        sync.nop                             null                             {Compacted,@1,$2.dst}
(W)     math.cos (16|M28)        (sat)sp.5<2>:w  -r54.12<8;16,1>:uw             {$2}
        math.idiv (1|M24)        r24.3<4>:ub   (abs)r125.0<0;2,2>:f  -(abs)r180.5<8;1,1>:hf {@4,$13}
(W&f0.0.anyv) math.rsqt (2|M28)   (sat)f1.7<4>:w  -(abs)r151.3<32;4,4>:q        {Atomic,$10}
(f1.0)  math.sin (16|M0)         (sat)r223.3<4>:b  0x8567:hf                          {AccWrEn,@4,$11}
(W&f1.1.all32h) math.rsqtm (4|M12) (eo)f1.1  r248.nomme<4>:ud  -dbg0.mme4<1;1,2>:uw {Atomic,Breakpoint,@7,$2}
(W)     math.sin (32|M12)        ce.30<4>:uw   r149.0<2;8,2>:ud                 {@5,$3}
        math.sqt (4|M8)          (sat)sr0.27<2>:b  -(abs)acc1.4<2;8,2>:ud       {@3,$12}
        math.inv (1|M16)         tdr0.14<2>:uw  r128.0<16;16,0>:uq              {Breakpoint,@3,$7}
        sync.nop                             null                             {Compacted,@1,$1.dst}
        math.log (32|M24)        r3.7<2>:w     -(abs)r205.0<16;16,2>:df         {Atomic,@6,$2}
(~f1.1.all2h) math.sqt (8|M8)    (sat)r179.0<4>:hf  0xE6CFA469:f                          {$14.dst}
(W&f1.1) math.sqt (16|M4)        mme7.12<2>:ub  (abs)msg0.28<8;8,4>:q           {@4,$3}
        math.cos (4|M12)         (sat)r156.16<4>:b  0xC9D3BD85:vf                         {@7,$14}
(f1.1.any4h) math.inv (4|M12)    (sat)r43.6<4>:d  0x8FD8C723:f                            {Atomic,Breakpoint,@6,$10}
(~f0.0.any16h) math.iqot (4|M4)   cr0.10<4>:b  r188.11<32;1,4>:hf  -sr0.0<16;1,1>:ud {@3,$14}
        math.idiv (1|M8)         (sat)r205.1<4>:q  -r25.13<8;2,1>:uw  mme7.4<4;1,1>:ud {$9.dst}
        math.rsqt (1|M8)         mme0.2<4>:uq  acc7.6<32;2,0>:uw                {@3,$13}
(W&~f0.0.all2h) math.rsqt (32|M28)   r218.0<2>:hf  0x448BD09A:ud                          {@5,$6}
        math.exp (32|M28)        (sat)msg0.30<2>:f  -n0.2<8;2,4>:ub             {$2.src}
(f1.1.all2h) math.cos (2|M20)    r53.7<1>:d    -1814997124:d                               {@6,$10}
        math.sin (32|M0)         (sat)acc7.2<4>:ud  -(abs)r193.2<32;4,2>:uq     {AccWrEn,@3,$9}
(W&f1.0.any8h) math.inv (32|M4)   ce.10<4>:hf  -r132.0<2;1,2>:f                 {Atomic,$9}
(W)     math.cos (2|M16)         r127.0<4>:q   -(abs)sr0.8<1;4,2>:hf            {@7}
        math.inv (4|M16)         null.5<4>:f   -(abs)n0.6<8;2,1>:f              {Atomic,Breakpoint,$2}
