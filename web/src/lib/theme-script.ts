/**
 * Runs in the head of every page and marks its theme as next-themes does, which is in the body: on a slow machine what stands before it
 * would be painted in the other colours.
 */
export const themeScript = `(function(){try{var d=document.documentElement,t=localStorage.getItem('theme');
if(t!=='light'&&t!=='dark')t=matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light';
d.classList.add(t);d.style.colorScheme=t
}catch(e){}})();`
