// The frame of the report: style sheet and script. Texts, no logic.
#pragma once

namespace hearth::simulator {

inline constexpr const char* kReportStyle = R"css(
:root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--ink:#1c1c1a;--soft:#66655f;
--line:#e4e3de;
--air:#2a78d6;--ref:#1baa78;--set:#55544f;--ideal:#c98500;
--work:#2a78d6;--filler:#e08a00;--idle:#a3a29b;--resistance:#d64545;--band:rgba(42,120,214,.13);
--cold:#4a63d8}
@media (prefers-color-scheme:dark){:root{--page:#161615;--card:#20201e;--ink:#f0efea;--soft:#a3a29b;
--line:#34332f;--air:#5a9df0;--ref:#35c493;--set:#c4c3bc;--ideal:#e0a63a;--work:#4a90e8;
--filler:#e6a23c;--idle:#77766f;--resistance:#e86a6a;--band:rgba(90,157,240,.18);--cold:#8496f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;margin:0 0 2px}h2{font-size:17px;margin:34px 0 10px}
p{margin:4px 0;color:var(--soft);max-width:75ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:22px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.tile b{display:block;font-size:23px;font-weight:600;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(520px,100%),1fr));gap:14px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:12px 14px 6px;position:relative}
figcaption{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline;margin-bottom:4px}
figcaption small{color:var(--soft)}
svg{width:100%;height:auto;display:block}
.grid{stroke:var(--line);stroke-width:1}.tick{fill:var(--soft);font-size:11px}
polyline{fill:none;stroke-width:1.6;stroke-linejoin:round;vector-effect:non-scaling-stroke}
polygon{stroke:none}
.key{color:var(--soft);font-size:12.5px;white-space:nowrap}
.key i{display:inline-block;width:16px;height:0;border-top:2.5px solid;vertical-align:middle;
margin-right:5px;border-color:currentColor}
.key.area i{height:10px;border:0;background:currentColor;border-radius:2px}
polyline.air{stroke:var(--air)}.key.air i{color:var(--air)}
polyline.ref{stroke:var(--ref)}.key.ref i{color:var(--ref)}
polyline.set{stroke:var(--set);stroke-dasharray:4 3}.key.set i{color:var(--set)}
polyline.ideal{stroke:var(--ideal)}.key.ideal i{color:var(--ideal)}
polyline.cold{stroke:var(--cold)}.key.cold i{color:var(--cold)}
polyline.filler{stroke:var(--filler)}polyline.none{stroke:none}
polygon.band{fill:var(--band)}.key.band i{color:var(--band)}
polygon.work{fill:var(--work)}.key.work i{color:var(--work)}
polygon.filler{fill:var(--filler)}.key.filler i{color:var(--filler)}
polygon.idle{fill:var(--idle)}.key.idle i{color:var(--idle)}
polygon.resistance{fill:var(--resistance)}.key.resistance i{color:var(--resistance)}
.bar{display:flex;height:34px;border-radius:8px;overflow:hidden;gap:2px;margin:8px 0 10px}
.bar div{min-width:1px}
.bar .work{background:var(--work)}.bar .filler{background:var(--filler)}
.bar .idle{background:var(--idle)}.bar .resistance{background:var(--resistance)}
table{border-collapse:collapse;background:var(--card);border:1px solid var(--line);
border-radius:10px;overflow:hidden;font-variant-numeric:tabular-nums}
td,th{padding:4px 14px;text-align:right;border-top:1px solid var(--line)}
td:first-child,th:first-child{text-align:left;font-family:ui-monospace,monospace;font-size:13px}
th{border-top:0;color:var(--soft);font-weight:500}
#tip{position:fixed;pointer-events:none;background:var(--ink);color:var(--page);font-size:12.5px;
padding:5px 9px;border-radius:6px;white-space:pre;display:none;z-index:9}
)css";

// The values nearest to the pointer, read back from the curves' own points.
inline constexpr const char* kReportScript = R"js(
const tip=document.getElementById('tip');
document.querySelectorAll('svg[data-range]').forEach(svg=>{
 const [x0,x1,y0,y1]=svg.dataset.range.split(' ').map(Number);
 const [l,r,t,b]=svg.dataset.box.split(' ').map(Number);
 const curves=[...svg.querySelectorAll('polyline[data-name]')].filter(c=>c.dataset.name).map(c=>
  ({name:c.dataset.name,
    p:c.getAttribute('points').trim().split(' ').map(q=>q.split(',').map(Number))}));
 const mark=document.createElementNS('http://www.w3.org/2000/svg','line');
 mark.setAttribute('class','grid');mark.setAttribute('y1',t);mark.setAttribute('y2',b);
 svg.addEventListener('mousemove',e=>{
  const px=(e.clientX-svg.getBoundingClientRect().left)/svg.clientWidth*svg.viewBox.baseVal.width;
  if(px<l||px>r||!curves.length)return hide();
  const x=x0+(px-l)/(r-l)*(x1-x0);
  const lines=curves.map(c=>{let lo=0,hi=c.p.length-1;
   while(lo<hi){const m=(lo+hi)>>1;if(c.p[m][0]<px)lo=m+1;else hi=m;}
   const y=y1-(c.p[lo][1]-t)/(b-t)*(y1-y0);
   return c.name+'  '+(Math.abs(y)>=100?y.toFixed(0):y.toFixed(2))+' '+svg.dataset.unit;});
  const at=svg.dataset.x==='day'?'day '+Math.floor(x/24)+', '+(x%24).toFixed(1)+' h':
   svg.dataset.x==='log10 s'?Math.pow(10,x).toFixed(0)+' s':x.toFixed(1)+' '+svg.dataset.x;
  tip.textContent=at+'\n'+lines.join('\n');tip.style.display='block';
  tip.style.left=Math.min(e.clientX+14,innerWidth-tip.offsetWidth-8)+'px';
  tip.style.top=(e.clientY+14)+'px';
  mark.setAttribute('x1',px);mark.setAttribute('x2',px);svg.appendChild(mark);});
 const hide=()=>{tip.style.display='none';mark.remove();};
 svg.addEventListener('mouseleave',hide);});
)js";

}  // namespace hearth::simulator
