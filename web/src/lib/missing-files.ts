/**
 * Runs in the head of every page. While servers are updated, a balancer may send the requests of one page
 * to servers of two builds, each of which has only the files of its own. A script or stylesheet that is
 * missing is asked for again, until the other build has got the request. When none has it, a page that has
 * not started is loaded anew, once for each build; code that a page asks for later fails as it would without
 * this: see new-build.
 */
export const missingFilesScript = `(function(){
var most=12,pause=100,left={},first=new Map(),d=document,files=location.origin+'/_next/static/';
function missing(e,event){
var u=e.getAttribute(e.href?'href':'src'),n=u in left?left[u]:most,f=first.get(e)||e;
if(n===0){if(f!==e){e.remove();f.dispatchEvent(new Event('error'))}if(d.documentElement.dataset.ready===undefined)loadOnce();return}
left[u]=n-1;
if(event)event.stopImmediatePropagation();
setTimeout(function(){
if(e.href){e.href=u;return}
if(f!==e)e.remove();
var s=d.createElement('script');s.setAttribute('src',u);first.set(s,f);d.head.append(s)
},pause*(0.5+Math.random()))}
function isOurs(e){return e.tagName==='SCRIPT'?e.src.startsWith(files):e.tagName==='LINK'&&e.rel==='stylesheet'&&e.href.startsWith(files)}
function loadOnce(){fetch(location.href,{method:'HEAD',cache:'no-store'}).then(function(r){
var k='boxoffice.reloaded',now='${process.env.BUILD_ID} '+location.pathname,all=JSON.parse(sessionStorage.getItem(k)||'[]');
if(!r.ok||all.includes(now))return;
sessionStorage.setItem(k,JSON.stringify(all.concat(now)));location.reload()
}).catch(function(){})}
addEventListener('error',function(event){
var e=event.target;if(event.isTrusted&&e.tagName&&isOurs(e))missing(e,event)
},true);
d.querySelectorAll('script[src],link[rel=stylesheet]').forEach(function(e){
var t=isOurs(e)&&performance.getEntriesByName(e.src||e.href)[0];
if(t&&t.responseStatus>=400)missing(e)
})
})()`
