/**
 * Runs in the head of every page and sets its theme the way next-themes does. next-themes runs in
 * the body: on a slow machine, content before it would be painted in the wrong theme.
 */
export const themeScript = `(function(){try{var d=document.documentElement,t=localStorage.getItem('theme');
if(t!=='light'&&t!=='dark')t=matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light';
d.classList.add(t);d.style.colorScheme=t
}catch(e){}})();`
